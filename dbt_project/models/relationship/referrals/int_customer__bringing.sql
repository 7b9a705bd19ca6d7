-- One row per customer who shared: how many people it reached and brought, and what those bought.
with reached as (
    select
        inviters.customer_no,
        count(distinct invitees.customer_no) as people_reached_count
    from {{ ref('fct_shares') }} as shares
    inner join {{ ref('int_identity__customers_now') }} as inviters
        on shares.inviter_record_no = inviters.record_no
    inner join {{ ref('int_identity__customers_now') }} as invitees
        on shares.invitee_record_no = invitees.record_no
    where shares.superseded_on is null and inviters.customer_no <> invitees.customer_no
    group by inviters.customer_no
),

brought as (
    select
        inviter_no as customer_no,
        count(*) as people_brought_count
    from {{ ref('int_referrals') }}
    group by inviter_no
),

revenue as (
    select
        inviter_no as customer_no,
        sum(amount) as revenue_brought
    from {{ ref('int_referral_revenue') }}
    group by inviter_no
)

select
    reached.customer_no,
    reached.people_reached_count,
    coalesce(brought.people_brought_count, 0) as people_brought_count,
    coalesce(revenue.revenue_brought, 0) as revenue_brought
from reached
left join brought
    on reached.customer_no = brought.customer_no
left join revenue
    on reached.customer_no = revenue.customer_no
