-- One row per customer who complained or asked for service, and snapshot date: how often, how lately, and whether it is still open.
-- How late an order came is not known: no entity of the contract says when it arrived.
with customers as (
    {{ customers_at_snapshot() }}
),

words_of_service as (
    select
        customers.customer_id,
        interactions.kind,
        {{ days_ago('interactions.occurred_at') }} as days_ago,
        cast(count(*) as integer) as n
    from {{ ref('fct_interactions') }} as interactions
    inner join customers
        on interactions.record_no = customers.record_no
    where {{ visible_at_snapshot('interactions') }} and interactions.kind in ('complaint', 'service')
    group by customers.customer_id, interactions.kind, {{ days_ago('interactions.occurred_at') }}
),

beside_orders as (
    select
        words_of_service.*,
        {{ days_ago('cohort.last_completed_order_at') }} as order_days_ago,
        min(case when kind = 'service' then days_ago end) over (partition by words_of_service.customer_id) as service_days_ago
    from words_of_service
    left join {{ ref('customer_cohort') }} as cohort
        on words_of_service.customer_id = cohort.customer_id and cohort.as_of_date = {{ snapshot_date() }}
)

select
    customer_id,
    {{ catalogue('service', 'words_of_service') }},
    {{ snapshot_date() }} as as_of_date
from beside_orders
group by customer_id
