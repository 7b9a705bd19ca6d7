-- One row per grid date and level: how many stand there, who came and went, and what they brought in that week.
with moves as (
    select * from {{ ref('int_level_moves') }}
),

grid as (
    select distinct as_of_date from moves
),

-- Every move ends at one level and leaves another.
ends as (
    select
        as_of_date,
        level_rank,
        sum(customers) as customers,
        sum(case when previous_rank is null then customers else 0 end) as arrived,
        sum(case when previous_rank < level_rank then customers else 0 end) as risen,
        sum(case when previous_rank > level_rank then customers else 0 end) as fallen
    from moves
    where level_rank is not null
    group by as_of_date, level_rank
),

before as (
    select
        as_of_date + 7 as as_of_date,
        level_rank,
        customers as customers_before
    from ends
),

starts as (
    select
        as_of_date,
        previous_rank as level_rank,
        sum(case when previous_rank < level_rank then customers else 0 end) as risen_out,
        sum(case when previous_rank > level_rank then customers else 0 end) as fallen_out,
        sum(case when previous_rank > level_rank and level_rank = 0 then customers else 0 end) as left_the_brand,
        sum(case when level_rank is null then customers else 0 end) as gone
    from moves
    where previous_rank is not null
    group by as_of_date, previous_rank
),

-- The week in which something was brought ends on the Monday after.
bringing as (
    select
        inviter_record_no,
        {{ first_grid_date(first_midnight_after('brought_at')) }} as as_of_date,
        1 as brought,
        cast(0 as decimal(18, 4)) as revenue
    from {{ ref('int_referrals') }}

    union all
    select
        inviter_record_no,
        {{ first_grid_date(first_midnight_after('occurred_at')) }} as as_of_date,
        0 as brought,
        amount as revenue
    from {{ ref('int_referral_revenue') }}
),

weekly as (
    select
        inviter_record_no,
        as_of_date,
        sum(brought) as brought,
        sum(revenue) as revenue
    from bringing
    group by inviter_record_no, as_of_date
),

credited as (
    select
        weekly.as_of_date,
        levels.level_rank,
        sum(weekly.brought) as brought,
        sum(weekly.revenue) as revenue_brought
    from weekly
    inner join {{ ref('customer_map') }} as map
        on
            weekly.inviter_record_no = map.record_no -- the customer of that week, not of today
            and weekly.as_of_date >= map.valid_from
            and (map.valid_to is null or weekly.as_of_date < map.valid_to)
    inner join {{ ref('customer_level_snapshots') }} as levels
        on map.customer_id = levels.customer_id and weekly.as_of_date = levels.as_of_date
    group by weekly.as_of_date, levels.level_rank
)

select
    grid.as_of_date,
    rules.level,
    cast(coalesce(ends.customers, 0) as bigint) as customers,
    cast(coalesce(before.customers_before, 0) as bigint) as customers_before,
    cast(coalesce(ends.arrived, 0) as bigint) as arrived,
    cast(coalesce(ends.risen, 0) as bigint) as risen,
    cast(coalesce(ends.fallen, 0) as bigint) as fallen,
    cast(coalesce(starts.risen_out, 0) as bigint) as risen_out,
    cast(coalesce(starts.fallen_out, 0) as bigint) as fallen_out,
    cast(coalesce(starts.left_the_brand, 0) as bigint) as {{ adapter.quote("left") }},
    cast(coalesce(starts.gone, 0) as bigint) as gone,
    cast(coalesce(credited.brought, 0) as bigint) as brought,
    cast(coalesce(credited.revenue_brought, 0) as decimal(18, 4)) as revenue_brought
from grid
cross join {{ ref('level_rules') }} as rules
left join ends
    on grid.as_of_date = ends.as_of_date and rules.level_rank = ends.level_rank
left join before
    on grid.as_of_date = before.as_of_date and rules.level_rank = before.level_rank
left join starts
    on grid.as_of_date = starts.as_of_date and rules.level_rank = starts.level_rank
left join credited
    on grid.as_of_date = credited.as_of_date and rules.level_rank = credited.level_rank
