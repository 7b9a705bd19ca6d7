-- One row per purpose and customer who is held out there, or whose records come from ids of both groups.
-- A purpose is what a list is meant for; its lists leave the same people alone. Nothing here knows a score. Whoever is in no row is
-- in the treatment, and was never anything else.
with purposes as (
    select
        purpose,
        max(holdout_share) as holdout_share
    from {{ source('control', 'audiences') }}
    where holdout_share > 0
    group by purpose
),

customers as (
    select distinct customer_id
    from {{ ref('int_identity__customers_now') }}
),

-- Every other id that a record of the person had on some day: through merges, and merges of merges.
former_ids as (
    select distinct
        people.customer_id,
        held.customer_id as former_id
    from {{ ref('customer_map') }} as held
    inner join {{ ref('int_identity__customers_now') }} as people
        on held.record_no = people.record_no
    where held.customer_id <> people.customer_id
),

held_out as (
    select
        purposes.purpose,
        customers.customer_id
    from customers
    cross join purposes
    where {{ is_held_out('purposes.purpose', 'customers.customer_id', 'purposes.holdout_share') }}
),

-- What the draw said of the former ids.
former_groups as (
    select
        purpose,
        customer_id,
        max(was_held_out) as some_held_out,
        min(was_held_out) as all_held_out
    from (
        select
            purposes.purpose,
            former_ids.customer_id,
            case
                when {{ is_held_out('purposes.purpose', 'former_ids.former_id', 'purposes.holdout_share') }} then 1 else 0
            end as was_held_out
        from former_ids
        cross join purposes
    ) as drawn
    group by purpose, customer_id
)

select
    held_out.purpose,
    held_out.customer_id,
    'holdout' as {{ adapter.quote("group") }},
    coalesce(former_groups.all_held_out = 0, false) as is_mixed
from held_out
left join former_groups
    on held_out.purpose = former_groups.purpose and held_out.customer_id = former_groups.customer_id

union all
select
    former_groups.purpose,
    former_groups.customer_id,
    'treatment' as {{ adapter.quote("group") }},
    true as is_mixed
from former_groups
left join held_out
    on former_groups.purpose = held_out.purpose and former_groups.customer_id = held_out.customer_id
where former_groups.some_held_out = 1 and held_out.customer_id is null
