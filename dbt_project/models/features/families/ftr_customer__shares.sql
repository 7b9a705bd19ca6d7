-- One row per customer with a share sent or received and snapshot date: how much they send and get, how lively against themselves.
with customers as (
    {{ customers_at_snapshot() }}
),

shares as (
    select
        inviters.customer_id as inviter_id,
        invitees.customer_id as invitee_id,
        shares.product_id,
        shares.outcome,
        {{ days_ago('shares.occurred_at') }} as days_ago
    from {{ ref('fct_shares') }} as shares
    inner join customers as inviters
        on shares.inviter_record_no = inviters.record_no
    left join customers as invitees
        on shares.invitee_record_no = invitees.record_no
    where {{ current_at_snapshot('shares') }}
),

-- How long the brand has seen shares at all: a rate by it is fair to those who began late.
history as (
    select max(days_ago) as history_days from shares
),

sent as (
    select
        inviter_id as customer_id,
        {{ catalogue('shares', 'sent') }}
    from shares
    group by inviter_id
),

received as (
    select
        invitee_id as customer_id,
        {{ catalogue('shares', 'received') }}
    from shares
    where invitee_id is not null
    group by invitee_id
),

sent_days as (
    select
        customer_id,
        days_ago,
        n,
        lag(days_ago) over (partition by customer_id order by days_ago desc) - days_ago as gap_days,
        max(days_ago) over (partition by customer_id) as tenure_days,
        min(days_ago) over (partition by customer_id) as last_days_ago,
        history.history_days
    from (
        select
            inviter_id as customer_id,
            days_ago,
            cast(count(*) as integer) as n
        from shares
        group by inviter_id, days_ago
    ) as days
    cross join history
),

sending as (
    select
        customer_id,
        {{ catalogue('shares', 'sent_days') }}
    from sent_days
    group by customer_id
),

received_days as (
    select
        invitee_id as customer_id,
        days_ago,
        cast(count(*) as integer) as n
    from shares
    where invitee_id is not null
    group by invitee_id, days_ago
),

receiving as (
    select
        received_days.customer_id,
        {{ catalogue('shares', 'received_days') }}
    from received_days
    left join sending
        on received_days.customer_id = sending.customer_id
    group by received_days.customer_id
),

people as (
    select customer_id from sent
    union
    select customer_id from received
),

joined as (
    select *
    from people
    left join sent using (customer_id)
    left join received using (customer_id)
    left join sending using (customer_id)
    left join receiving using (customer_id)
)

select
    joined.*,
    {{ catalogue('shares', 'joined') }},
    {{ snapshot_date() }} as as_of_date
from joined
