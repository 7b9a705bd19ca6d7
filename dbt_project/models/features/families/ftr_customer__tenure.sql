-- One row per customer and snapshot date: how long known, in how many records and sources, and how long the
-- brand's own history is (a window longer than the history counts less than its name says).
with customers as (
    select
        customer_id,
        source
    from {{ ref('customer_map') }}
    where
        valid_from <= {{ snapshot_date() }}
        and (valid_to is null or valid_to > {{ snapshot_date() }})
),

history as (
    select {{ days_between(snapshot_date(), 'min(entered_on)') }} as days_ago from {{ ref('int_identity__records') }}
),

heads as (
    select
        customer_id,
        {{ days_between(snapshot_date(), 'entered_on') }} as days_ago
    from {{ ref('int_identity__records') }}
)

select
    customers.customer_id,
    {{ snapshot_date() }} as as_of_date,
    {{ catalogue('tenure', 'records') }}
from customers
inner join heads
    on customers.customer_id = heads.customer_id
cross join history
group by customers.customer_id
