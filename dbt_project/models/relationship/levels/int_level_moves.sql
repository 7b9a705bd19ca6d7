-- One row per grid date, level and level before: how many customers went that way, those who came and went included.
-- Who went is read off the customer map, not off what is missing here: so that the funnel's sum is a check.
-- The first Monday on which a record of theirs is elsewhere.
with losing as (
    select distinct
        customer_id,
        {{ first_grid_date('valid_to') }} as as_of_date
    from {{ ref('customer_map') }}
    where valid_to is not null
),

gone as (
    select
        losing.customer_id,
        losing.as_of_date
    from losing
    inner join {{ ref('customer_map') }} as records
        on losing.customer_id = records.customer_id
    where losing.as_of_date <= {{ as_of_date() }}
    group by losing.customer_id, losing.as_of_date
    having
        max(
            case
                when records.valid_from > losing.as_of_date then 0
                when records.valid_to is null or records.valid_to > losing.as_of_date then 1
                else 0
            end
        ) = 0
)

select
    as_of_date,
    previous_rank,
    level_rank,
    count(*) as customers
from {{ ref('customer_level_snapshots') }}
where as_of_date <= {{ as_of_date() }}
group by as_of_date, previous_rank, level_rank

union all
select
    gone.as_of_date,
    before.level_rank as previous_rank,
    cast(null as integer) as level_rank,
    count(*) as customers
from gone
inner join {{ ref('customer_level_snapshots') }} as before
    on gone.customer_id = before.customer_id and gone.as_of_date - 7 = before.as_of_date
group by gone.as_of_date, before.level_rank
