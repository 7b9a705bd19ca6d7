{#
  The median time until an event, per group, with those counted in who have not had it yet: the estimator of Kaplan and Meier
  (Nonparametric estimation from incomplete observations, JASA 1958). It is the least day by which at least half would have had the
  event; null while fewer than half have. On a day with both, events come before the end of an observation.

  One row of `rows` is one observation: `days` until the event or, where `is_event` is false, the days without it so far.
#}
{% macro kaplan_meier_median(rows, groups, days, is_event) -%}
    {%- set keys = groups | join(", ") -%}
    select
        {{ keys }},
        min({{ days }}) as median_days
    from (
        select
            {{ keys }},
            {{ days }},
            -- The logarithm of the share that has not had the event by the end of the day.
            sum(case when events_count >= at_risk_count then -1000 else ln(1 - cast(events_count as double) / at_risk_count) end)
                over (partition by {{ keys }} order by {{ days }} rows between unbounded preceding and current row) as log_waiting
        from (
            select
                {{ keys }},
                {{ days }},
                count(case when {{ is_event }} then 1 end) as events_count,
                sum(count(*)) over (
                    partition by {{ keys }} order by {{ days }} rows between current row and unbounded following
                ) as at_risk_count
            from {{ rows }}
            group by {{ keys }}, {{ days }}
        ) as days_counted
    ) as waiting
    -- A half is a half, whatever the rounding of logarithms makes of it.
    where log_waiting <= ln(cast(0.5 as double)) + 1e-9
    group by {{ keys }}
{%- endmacro %}
