-- One row per service contact of a customer: the next completed order after it, if there has been one by as_of_date.
with contacts as (
    select
        interactions.customer_no,
        interactions.kind,
        interactions.channel,
        interactions.occurred_at
    from {{ ref('int_customer__interactions') }} as interactions
    inner join {{ ref('journey_kinds') }} as kinds
        on interactions.kind = kinds.kind and kinds.says = 'service'
),

-- Contacts and orders in one line, so that each contact sees the next order without meeting all of them.
events as (
    select
        customer_no,
        kind,
        channel,
        occurred_at,
        cast(null as timestamp) as ordered_at
    from contacts

    union all
    select
        orders.customer_no,
        cast(null as string) as kind,
        cast(null as string) as channel,
        orders.occurred_at,
        orders.occurred_at as ordered_at
    from {{ ref('int_customer__orders') }} as orders
    inner join (select distinct customer_no from contacts) as people
        on orders.customer_no = people.customer_no
    where orders.status = 'completed'
),

lines as (
    select
        *,
        -- An order of the same instant is not after it.
        min(ordered_at) over (
            partition by customer_no
            order by occurred_at asc, ordered_at asc nulls last, kind asc nulls last, channel asc nulls last
            rows between 1 following and unbounded following
        ) as next_order_at
    from events
)

select
    customer_no,
    kind,
    channel,
    occurred_at,
    next_order_at,
    {{ days_between('next_order_at', 'occurred_at') }} as days_to_next_order,
    {{ days_between(as_of_date(), 'occurred_at') }} as days_observed
from lines
where ordered_at is null
