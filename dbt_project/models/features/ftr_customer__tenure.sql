-- One row per customer and snapshot date: how long known, in how many records and sources, and how long the
-- brand's own history is (a window longer than the history counts less than its name says).
with customers as (
    select
        customer_id,
        source,
        valid_from
    from {{ ref('customer_map') }}
    where
        valid_from <= {{ snapshot_date() }}
        and (valid_to is null or valid_to > {{ snapshot_date() }})
),

history as (
    select min(entered_on) as began_on from {{ ref('int_identity__records') }}
),

heads as (
    select
        customer_id,
        entered_on
    from {{ ref('int_identity__records') }}
)

select
    customers.customer_id,
    {{ snapshot_date() }} as as_of_date,
    {{ as_feature('count(*)') }} as records_count,
    {{ as_feature('count(distinct customers.source)') }} as sources_count,
    {{ as_feature(days_between(snapshot_date(), 'min(heads.entered_on)')) }} as days_since_first_seen,
    {{ as_feature(days_between(snapshot_date(), 'min(history.began_on)')) }} as history_days
from customers
inner join heads
    on customers.customer_id = heads.customer_id
cross join history
group by customers.customer_id
