-- One row per customer with a completed order and snapshot date: of the gaps that lasted as long, how many ended within a horizon.
-- Kaplan and Meier's estimate from all gaps seen so far, those still open counted as long as they have lasted. What a class of
-- buyers shows on a day of the gap is drawn towards what all show, as if `prior` further gaps had behaved like all.
{% set prior = 20 %}
{% set horizons = horizons("buying") %}
with gaps as (
    select * from {{ ref('int_snapshot__gaps') }}
    where as_of_date = {{ snapshot_date() }}
),

grid as (
    select
        classes.frequency_class,
        lengths.gap_days,
        coalesce(seen.closed_gaps, 0) as closed_gaps,
        coalesce(seen.open_gaps, 0) as open_gaps
    from (select distinct by_class.frequency_class from gaps as by_class) as classes
    cross join (select distinct by_length.gap_days from gaps as by_length) as lengths
    left join gaps as seen
        on classes.frequency_class = seen.frequency_class and lengths.gap_days = seen.gap_days
),

-- At risk on a day of the gap: gaps that ended then or later, and those open for longer.
at_risk as (
    select
        *,
        sum(closed_gaps + open_gaps) over (partition by frequency_class order by gap_days desc) - open_gaps as gaps_at_risk
    from grid
),

hazards as (
    select
        frequency_class,
        gap_days,
        cast(closed_gaps + {{ prior }} * all_closed / greatest(all_at_risk, 1) as double) / (gaps_at_risk + {{ prior }}) as hazard
    from (
        select
            *,
            cast(sum(closed_gaps) over (partition by gap_days) as double) as all_closed,
            sum(gaps_at_risk) over (partition by gap_days) as all_at_risk
        from at_risk
    ) as beside_all
),

-- Logarithms of the shares that stay away, rounded, so that their sums are exact.
stays as (
    select
        frequency_class,
        gap_days,
        cast(ln(1 - least(hazard, 0.999)) as decimal(18, 9)) as log_stay
    from hazards
),

silences as (
    select distinct
        frequency_class,
        silence_days
    from {{ ref('int_snapshot__order_rhythm') }}
    where as_of_date = {{ snapshot_date() }}
),

outlooks as (
    select
        silences.frequency_class,
        silences.silence_days,
        sum(case when stays.gap_days < silences.silence_days then stays.log_stay else 0 end) as log_until_now
        {%- for days in horizons %},
        sum(
            case when stays.gap_days >= silences.silence_days and stays.gap_days < silences.silence_days + {{ days }} then stays.log_stay else 0 end
        ) as log_within_{{ days }}d
        {%- endfor %}
    from silences
    inner join stays
        on silences.frequency_class = stays.frequency_class and stays.gap_days < silences.silence_days + {{ horizons | max }}
    group by silences.frequency_class, silences.silence_days
)

select
    rhythm.customer_id,
    rhythm.as_of_date,
    {{ catalogue('hazard', 'outlooks') }}
from {{ ref('int_snapshot__order_rhythm') }} as rhythm
inner join outlooks
    on rhythm.frequency_class = outlooks.frequency_class and rhythm.silence_days = outlooks.silence_days
where rhythm.as_of_date = {{ snapshot_date() }}
