-- One row per person brought: the first share that joined or ordered, sent to somebody who had not ordered before.
with people as (
    select * from {{ ref('int_identity__customers_now') }}
),

first_orders as (
    select
        people.customer_no,
        min(orders.occurred_at) as first_order_at
    from {{ ref('fct_orders') }} as orders
    inner join people
        on orders.record_no = people.record_no
    where orders.superseded_on is null and orders.status = 'completed'
    group by people.customer_no
),

touches as (
    select
        inviters.customer_no as inviter_no,
        inviters.customer_id as inviter_id,
        shares.inviter_record_no,
        invitees.customer_no as invitee_no,
        invitees.customer_id as invitee_id,
        shares.occurred_at as brought_at,
        row_number() over (
            partition by invitees.customer_no
            order by shares.occurred_at, shares.source, shares.share_id
        ) as touch_rank
    from {{ ref('fct_shares') }} as shares
    inner join people as inviters
        on shares.inviter_record_no = inviters.record_no
    inner join people as invitees
        on shares.invitee_record_no = invitees.record_no
    left join first_orders
        on invitees.customer_no = first_orders.customer_no
    where
        shares.superseded_on is null
        and shares.outcome in ('joined', 'ordered')
        and inviters.customer_no <> invitees.customer_no
        and (first_orders.first_order_at is null or first_orders.first_order_at >= shares.occurred_at)
)

select
    inviter_no,
    inviter_id,
    inviter_record_no,
    invitee_no,
    invitee_id,
    brought_at
from touches
where touch_rank = 1
