-- One row per customer who shared: whom it reached and brought, what came of that, and what grew below.
with reached as (
    select
        inviter_no as customer_no,
        count(distinct invitee_no) as people_reached_count,
        count(*) as shares_count,
        count(case when outcome <> 'sent' then 1 end) as opened_shares_count
    from {{ ref('int_customer__shares') }}
    where invitee_no is null or inviter_no <> invitee_no
    group by inviter_no
),

revenue as (
    select
        invitee_no,
        sum(amount) as amount
    from {{ ref('int_referral_revenue') }}
    group by invitee_no
),

doubted as (
    select distinct invitee_no
    from {{ ref('int_referral_flags') }}
    where withholds_reward
),

brought as (
    select
        referrals.inviter_no as customer_no,
        count(*) as people_brought_count,
        count(revenue.invitee_no) as buyers_brought_count,
        count(doubted.invitee_no) as doubted_people_count,
        sum(coalesce(revenue.amount, 0)) as revenue_brought,
        sum(case when doubted.invitee_no is null then coalesce(revenue.amount, 0) else 0 end) as trusted_revenue_brought,
        min(referrals.brought_at) as first_brought_at,
        max(referrals.brought_at) as last_brought_at
    from {{ ref('int_referrals') }} as referrals
    left join revenue
        on referrals.invitee_no = revenue.invitee_no
    left join doubted
        on referrals.invitee_no = doubted.invitee_no
    group by referrals.inviter_no
)

select
    reached.customer_no,
    reached.people_reached_count,
    reached.shares_count,
    reached.opened_shares_count,

    coalesce(brought.people_brought_count, 0) as people_brought_count,
    coalesce(brought.buyers_brought_count, 0) as buyers_brought_count,
    coalesce(brought.doubted_people_count, 0) as doubted_people_count,
    coalesce(tree.downstream_people_count, 0) as downstream_people_count,
    coalesce(tree.tree_depth, 0) as tree_depth,

    coalesce(brought.revenue_brought, 0) as revenue_brought,
    coalesce(brought.trusted_revenue_brought, 0) as trusted_revenue_brought,
    coalesce(tree.downstream_revenue, 0) as downstream_revenue,

    brought.first_brought_at,
    brought.last_brought_at
from reached
left join brought
    on reached.customer_no = brought.customer_no
left join {{ ref('int_referral_tree') }} as tree
    on reached.customer_no = tree.customer_no
