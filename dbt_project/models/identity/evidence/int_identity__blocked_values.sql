-- One row per value that is no evidence at as_of_date, identifier or birth date, with the reason and since when.
with junk_values as (
    select
        id_type,
        id_value,
        junk,
        known_at
    from {{ ref('int_identity__stated_values') }}
    where junk is not null

    union all
    select
        trait as id_type,
        stated as id_value,
        junk,
        known_at
    from {{ ref('int_identity__traits') }}
    where trait = 'birth_date' and junk is not null
),

junk as (
    select
        id_type,
        id_value,
        'junk' as why,
        min(junk) as meaning,
        count(*) as holders_count,
        {{ first_midnight_after('min(known_at)') }} as blocked_from
    from junk_values
    group by id_type, id_value
),

people as (
    select
        id_type,
        id_value,
        max(people_count) as people_count
    from {{ ref('int_identity__value_people') }}
    group by id_type, id_value
),

over_shared as (
    select
        holders.id_type,
        holders.id_value,
        holders.crossed_by as why,
        case holders.crossed_by
            when 'people' then 'more different people of one source than the limit'
            else 'more records than the limit'
        end as meaning,
        holders.holders_count,
        people.people_count,
        {{ first_midnight_after('holders.crossed_at') }} as blocked_from
    from {{ ref('int_identity__holders') }} as holders
    left join people
        on holders.id_type = people.id_type and holders.id_value = people.id_value
    where holders.holder_rank = 1 and holders.crossed_at is not null
),

birth_dates as (
    select
        traits.trait as id_type,
        traits.stated as id_value,
        'crowded' as why,
        'many more records than the days around it' as meaning,
        count(*) as holders_count,
        crowded.crowded_from as blocked_from
    from {{ ref('int_identity__crowded_birth_dates') }} as crowded
    inner join {{ ref('int_identity__traits') }} as traits
        on cast(crowded.birth_date as string) = traits.stated and traits.trait = 'birth_date'
    group by traits.trait, traits.stated, crowded.crowded_from
)

select
    id_type,
    id_value,
    why,
    meaning,
    holders_count,
    cast(null as integer) as people_count,
    blocked_from
from junk

union all
select
    id_type,
    id_value,
    why,
    meaning,
    holders_count,
    people_count,
    blocked_from
from over_shared

union all
select
    id_type,
    id_value,
    why,
    meaning,
    holders_count,
    cast(null as integer) as people_count,
    blocked_from
from birth_dates
