-- One row per bringer and measure of time: how many days it took to bring the first person.
with first_bringing as (
    select
        inviter_no as customer_no,
        min(brought_at) as first_bringing_at
    from {{ ref('int_referrals') }}
    group by inviter_no
),

starts as (
    select
        'cycle_time_days' as metric,
        invitee_no as customer_no,
        brought_at as started_at
    from {{ ref('int_referrals') }}

    union all
    select
        'days_from_first_order_to_first_bringing' as metric,
        customer_no,
        first_order_at as started_at
    from {{ ref('int_customer__activity') }}
    where first_order_at is not null

    union all
    select
        'days_from_first_seen_to_first_bringing' as metric,
        customer_no,
        first_seen_at as started_at
    from {{ ref('int_customer__roles') }}
)

select
    starts.metric,
    starts.customer_no,
    cast({{ seconds_between('first_bringing.first_bringing_at', 'starts.started_at') }} as double) / 86400 as days
from starts
inner join first_bringing
    on starts.customer_no = first_bringing.customer_no
-- Who brought somebody before that has not waited for it.
where first_bringing.first_bringing_at >= starts.started_at
