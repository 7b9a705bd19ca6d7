-- One row per grid date and level: how many stand there, rose to it, fell to it, and brought others in that week.
with grid as (
    select distinct as_of_date from {{ ref('int_customer__levels') }}
),

standing as (
    select
        as_of_date,
        level_rank,
        count(*) as customers,
        count(case when level_rank > previous_rank then 1 end) as risen,
        count(case when level_rank < previous_rank then 1 end) as fallen
    from {{ ref('int_customer__levels') }}
    group by as_of_date, level_rank
),

bringing as (
    select
        inviter_record_no,
        brought_at as occurred_at,
        1 as brought,
        cast(0 as decimal(18, 4)) as revenue
    from {{ ref('int_referrals') }}

    union all
    select
        inviter_record_no,
        occurred_at,
        0 as brought,
        amount as revenue
    from {{ ref('int_referral_revenue') }}
),

credited as (
    select
        grid.as_of_date,
        levels.level_rank,
        sum(bringing.brought) as brought,
        sum(bringing.revenue) as revenue_brought
    from bringing
    inner join grid
        on bringing.occurred_at >= grid.as_of_date - 7 and bringing.occurred_at < grid.as_of_date
    inner join {{ ref('customer_map') }} as map
        on
            bringing.inviter_record_no = map.record_no -- the customer of that week, not of today
            and grid.as_of_date >= map.valid_from
            and (map.valid_to is null or grid.as_of_date < map.valid_to)
    inner join {{ ref('int_customer__levels') }} as levels
        on map.customer_id = levels.customer_id and grid.as_of_date = levels.as_of_date
    group by grid.as_of_date, levels.level_rank
)

select
    grid.as_of_date,
    rules.level,
    coalesce(standing.customers, 0) as customers,
    coalesce(standing.risen, 0) as risen,
    coalesce(standing.fallen, 0) as fallen,
    cast(coalesce(credited.brought, 0) as bigint) as brought,
    cast(coalesce(credited.revenue_brought, 0) as decimal(18, 4)) as revenue_brought
from grid
cross join {{ ref('level_rules') }} as rules
left join standing
    on grid.as_of_date = standing.as_of_date and rules.level_rank = standing.level_rank
left join credited
    on grid.as_of_date = credited.as_of_date and rules.level_rank = credited.level_rank
