-- One row per birth date that stands out in some source, with the first day of a month on which it did.
-- A form's default, a clerk's habit, or the first of January where only the year is known: judged among the records of
-- one source, because each of these is usually another person, against the days around it. Judged once a month.
{% set at_least = 20 %}  {# records; with fewer, and a record or two per person, chance alone makes heaps #}
{% set times = 10 %}  {# the mean of the days around #}
{% set days_around = 15 %}  {# on either side #}
with stated as (
    select
        source,
        cast(stated as date) as birth_date,
        {{ days_between('cast(stated as date)', "date '1900-01-01'") }} as day_no,
        {{ first_of_month_after('known_at') }} as judged_on
    from {{ ref('int_identity__traits') }}
    where trait = 'birth_date' and junk is null
),

counted as (
    select
        source,
        birth_date,
        day_no,
        judged_on,
        count(*) as added
    from stated
    where judged_on <= {{ as_of_date() }}
    group by source, birth_date, day_no, judged_on
),

days as (
    select
        source,
        birth_date,
        day_no,
        sum(added) as records_count
    from counted
    group by source, birth_date, day_no
),

-- Only the days that hold enough, and those around them.
near_days as (
    select * from (
        select
            source,
            birth_date,
            day_no,
            max(records_count) over (
                partition by source order by day_no
                range between {{ days_around }} preceding and {{ days_around }} following
            ) as most_around
        from days
    ) as windows
    where most_around > {{ at_least }}
),

months as (
    select distinct
        source,
        judged_on
    from counted
),

held as (
    select
        near_days.source,
        near_days.birth_date,
        near_days.day_no,
        months.judged_on,
        sum(coalesce(counted.added, 0)) over (
            partition by near_days.source, near_days.day_no order by months.judged_on
            rows between unbounded preceding and current row
        ) as records_count
    from near_days
    inner join months
        on near_days.source = months.source
    left join counted
        on
            near_days.source = counted.source
            and near_days.day_no = counted.day_no
            and months.judged_on = counted.judged_on
),

around as (
    select
        source,
        birth_date,
        judged_on,
        records_count,
        sum(records_count) over (
            partition by source, judged_on order by day_no
            range between {{ days_around }} preceding and {{ days_around }} following
        ) - records_count as records_around
    from held
)

select
    birth_date,
    min(judged_on) as crowded_from
from around
where
    records_count > {{ at_least }}
    and records_count * {{ 2 * days_around }} > {{ times }} * records_around
group by birth_date
