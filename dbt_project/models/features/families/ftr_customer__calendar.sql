-- One row per customer of the cohort and snapshot date: the season, the pace of the brand, and what the customer did at this time of former years.
with customers as (
    {{ customers_at_snapshot() }}
),

order_days as (
    select
        customers.customer_id,
        {{ days_ago('orders.occurred_at') }} as days_ago,
        count(*) as orders
    from {{ ref('fct_orders') }} as orders
    inner join customers
        on orders.record_no = customers.record_no
    where {{ current_at_snapshot('orders') }} and orders.status = 'completed'
    group by customers.customer_id, {{ days_ago('orders.occurred_at') }}
),

brand as (
    select
        {{ catalogue('calendar', 'brand') }}
    from order_days
),

own as (
    select
        customer_id,
        {{ catalogue('calendar', 'order_days') }}
    from order_days
    group by customer_id
)

select
    cohort.customer_id,
    cohort.as_of_date,
    brand.*,
    {{ catalogue('calendar', 'date') }}
    {%- for feature in catalogue_names('calendar', 'order_days') %},
    own.{{ feature }}
    {%- endfor %}
from {{ ref('customer_cohort') }} as cohort
cross join brand
left join own
    on cohort.customer_id = own.customer_id
where cohort.as_of_date = {{ snapshot_date() }}
