-- One row per metric: how well word of mouth works for the brand, with the interval that chance leaves open.
-- Longer than most: a metric is a few lines of counting, and all are read best side by side.
with active as (
    select activity.customer_no
    from {{ ref('int_customer__activity') }} as activity
    where
        activity.last_order_at >= {{ as_of_date() }} - 365
        or activity.last_interaction_at >= {{ as_of_date() }} - 365
        or activity.last_share_at >= {{ as_of_date() }} - 365
        or activity.last_share_received_at >= {{ as_of_date() }} - 365
),

brought_365d as (
    select
        inviter_no,
        count(*) as people_count
    from {{ ref('int_referrals') }}
    where brought_at >= {{ as_of_date() }} - 365
    group by inviter_no
),

bringing as (
    select
        count(*) as n,
        coalesce(sum(brought_365d.people_count), 0) as total,
        coalesce(sum(brought_365d.people_count * brought_365d.people_count), 0) as squares
    from active
    left join brought_365d
        on active.customer_no = brought_365d.inviter_no
),

stages as (
    select
        count(*) as sent,
        count(case when outcome in ('opened', 'joined', 'ordered') then 1 end) as opened,
        count(case when outcome in ('joined', 'ordered') then 1 end) as joined,
        count(case when outcome = 'ordered' then 1 end) as ordered
    from {{ ref('int_customer__shares') }}
    where occurred_at >= {{ as_of_date() }} - 365 and (invitee_no is null or inviter_no <> invitee_no)
),

newcomers as (
    select
        count(*) as n,
        count(referrals.invitee_no) as brought
    from {{ ref('int_customer__activity') }} as people
    left join {{ ref('int_referrals') }} as referrals
        on people.customer_no = referrals.invitee_no
    where people.first_order_at >= {{ as_of_date() }} - 365
),

revenue as (
    select
        count(*) as n,
        sum(orders.amount) as total,
        sum(case when referrals.invitee_no is not null then orders.amount end) as brought
    from {{ ref('int_customer__orders') }} as orders
    left join {{ ref('int_referrals') }} as referrals
        on orders.customer_no = referrals.invitee_no
    where orders.status = 'completed' and orders.occurred_at >= {{ as_of_date() }} - 365
),

waits as (
    select
        metric,
        days,
        row_number() over (partition by metric order by days, customer_no) as place,
        count(*) over (partition by metric) as n
    from {{ ref('int_referral_waits') }}
),

parts as (
    select
        'share_opened_rate' as metric,
        opened as part,
        sent as n
    from stages

    union all
    select
        'share_joined_rate' as metric,
        joined as part,
        opened as n
    from stages

    union all
    select
        'share_ordered_rate' as metric,
        ordered as part,
        joined as n
    from stages

    union all
    select
        'newcomers_brought_share' as metric,
        brought as part,
        n
    from newcomers
),

metrics as (
    select
        'viral_coefficient' as metric,
        cast(total as double) / nullif(n, 0) as value,
        {{ mean_end('total', 'squares', 'n', -1) }} as low,
        {{ mean_end('total', 'squares', 'n', 1) }} as high,
        n
    from bringing

    union all
    select
        metric,
        cast(part as double) / nullif(n, 0) as value,
        {{ wilson_end('part', 'n', -1) }} as low,
        {{ wilson_end('part', 'n', 1) }} as high,
        n
    from parts

    union all
    select
        metric,
        -- The middle value, or the mean of the two middle ones.
        avg(case when 2 * place between n and n + 2 then days end) as value,
        min(case when place = {{ median_end_place('n', -1) }} then days end) as low,
        min(case when place = {{ median_end_place('n', 1) }} then days end) as high,
        min(n) as n
    from waits
    group by metric

    union all
    select
        'revenue_brought_share' as metric,
        cast(coalesce(brought, 0) as double) / nullif(cast(total as double), 0) as value,
        cast(null as double) as low,
        cast(null as double) as high,
        n
    from revenue
)

select
    measures.metric,
    {{ significant('metrics.value') }} as value,
    {{ significant('metrics.low') }} as low,
    {{ significant('metrics.high') }} as high,
    coalesce(metrics.n, 0) as observations,
    measures.unit,
    measures.meaning
from {{ ref('referral_measures') }} as measures
left join metrics
    on measures.metric = metrics.metric
