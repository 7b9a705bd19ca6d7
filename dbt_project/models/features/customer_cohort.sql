-- One row per customer and snapshot date for whom some target can be asked: who was active, and when last.
with customers as (
    {{ customers_at_snapshot() }}
),

activity as (
    select
        orders.record_no,
        max(case when orders.status = 'completed' then orders.occurred_at end) as last_completed_order_at,
        max(orders.occurred_at) as last_activity_at
    from {{ ref('fct_orders') }} as orders
    where {{ current_at_snapshot('orders') }} and orders.record_no is not null
    group by orders.record_no

    union all
    select
        interactions.record_no,
        null as last_completed_order_at,
        max(interactions.occurred_at) as last_activity_at
    from {{ ref('fct_interactions') }} as interactions
    where {{ visible_at_snapshot('interactions') }}
    group by interactions.record_no

    {% for side in ["inviter", "invitee"] %}
    union all
    select
        shares.{{ side }}_record_no as record_no,
        null as last_completed_order_at,
        max(shares.occurred_at) as last_activity_at
    from {{ ref('fct_shares') }} as shares
    where {{ current_at_snapshot('shares') }} and shares.{{ side }}_record_no is not null
    group by shares.{{ side }}_record_no
    {% endfor %}
),

active as (
    select
        customers.customer_id,
        {{ snapshot_date() }} as as_of_date,
        max(activity.last_completed_order_at) as last_completed_order_at,
        max(activity.last_activity_at) as last_activity_at
    from activity
    inner join customers
        on activity.record_no = customers.record_no
    group by customers.customer_id
),

reach as (
    select max(population_days) as population_days from {{ source('control', 'targets') }}
)

select active.*
from active
cross join reach
where active.last_activity_at >= {{ snapshot_date() }} - reach.population_days
