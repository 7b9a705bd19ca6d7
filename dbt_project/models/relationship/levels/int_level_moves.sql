-- One row per grid date, level and level before: how many customers went that way, those who came and went included.
-- Who went is read off the customer map, not off what is missing here: so that the funnel's sum is a check.
with grid as (
    select distinct as_of_date from {{ ref('customer_level_snapshots') }}
    where as_of_date <= {{ as_of_date() }}
),

-- Ids of which a record was taken away in the week, and which hold none on its grid date.
ended as (
    select distinct
        map.customer_id,
        grid.as_of_date
    from {{ ref('customer_map') }} as map
    inner join grid
        on map.valid_to <= grid.as_of_date and map.valid_to > grid.as_of_date - 7
    left join {{ ref('customer_map') }} as holding
        on
            map.customer_id = holding.customer_id
            and grid.as_of_date >= holding.valid_from
            and (holding.valid_to is null or grid.as_of_date < holding.valid_to)
    where holding.customer_id is null
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
    ended.as_of_date,
    before.level_rank as previous_rank,
    cast(null as integer) as level_rank,
    count(*) as customers
from ended
inner join {{ ref('customer_level_snapshots') }} as before
    on ended.customer_id = before.customer_id and before.as_of_date = ended.as_of_date - 7
group by ended.as_of_date, before.level_rank
