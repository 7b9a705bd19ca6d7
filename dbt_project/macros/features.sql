{# The customer of each record on the snapshot's date. #}
{% macro customers_at_snapshot() -%}
    select
        record_no,
        customer_no,
        customer_id
    from {{ ref('customer_map') }}
    where
        valid_from <= {{ snapshot_date() }}
        and (valid_to is null or valid_to > {{ snapshot_date() }})
{%- endmacro %}

{# What the snapshot's date can see of a fact that has no versions. #}
{% macro visible_at_snapshot(fact) -%}
    {{ fact }}.visible_on <= {{ snapshot_date() }}
{%- endmacro %}

{# The version of a fact that counts on the snapshot's date. #}
{% macro current_at_snapshot(fact) -%}
    {{ fact }}.visible_on <= {{ snapshot_date() }}
    and ({{ fact }}.superseded_on is null or {{ fact }}.superseded_on > {{ snapshot_date() }})
{%- endmacro %}

{# Whole days from a fact to the snapshot's date: 1 is the day before; a window of n days is `<= n`. #}
{% macro days_ago(instant) -%}
    {{ days_between(snapshot_date(), instant) }}
{%- endmacro %}

{# Features are stored as 32-bit floats; sums before the cast are exact, so the float repeats to the bit. #}
{% macro as_feature(expression) -%}
    cast({{ expression }} as float)
{%- endmacro %}

{# A ratio that is null instead of an error when there is nothing to divide by. #}
{% macro ratio(numerator, denominator) -%}
    {{ as_feature("cast(" ~ numerator ~ " as double) / nullif(cast(" ~ denominator ~ " as double), 0)") }}
{%- endmacro %}

{# n * ln(n) of a whole number, rounded so that sums of it are exact and do not depend on the order of the rows; 0 for 0 and 1. #}
{% macro n_log_n(number) -%}
    cast({{ number }} * ln(greatest({{ number }}, 1)) as decimal(18, 6))
{%- endmacro %}

{# How used to ordering a customer is, by the number of order days: customers of one class are each other's peers. #}
{% macro frequency_class(order_days) -%}
    case
        when {{ order_days }} >= 10 then 5
        when {{ order_days }} >= 5 then 4
        when {{ order_days }} >= 3 then 3
        else {{ order_days }}
    end
{%- endmacro %}

{# The feature columns of a family, as its built table has them: nobody types the list twice. #}
{% macro family_columns(family) -%}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(ref(family)) if column.name not in ("customer_id", "as_of_date") -%}
            {%- do names.append(column.name) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names) }}
{%- endmacro %}

{# Ratios in published tables carry nine significant digits. #}
{% macro significant(expression) -%}
    case
        when {{ expression }} is null then null
        when {{ expression }} = 0 then cast(0 as double)
        else {{ rounded(expression, "cast(8 - floor(log10(abs(" ~ expression ~ "))) as integer)") }}
    end
{%- endmacro %}

{# How long ago something was, in steps that grow; customers of one step are alike. #}
{% macro silence_class(days) -%}
    case
        when {{ days }} <= 3 then 0
        when {{ days }} <= 7 then 1
        when {{ days }} <= 14 then 2
        when {{ days }} <= 30 then 3
        when {{ days }} <= 60 then 4
        when {{ days }} <= 90 then 5
        when {{ days }} <= 180 then 6
        when {{ days }} <= 365 then 7
        else 8
    end
{%- endmacro %}

{#
  The label of windows that have closed: one row per customer and horizon of `windows`. `days` holds one row per customer and day with
  the event. Window 1 is [C - h, C), window 2 the one before. A window counts when the first event lay before it.
#}
{% macro past_windows(days, horizons, prior) -%}
standing as (
    select
        days.customer_id,
        horizons.horizon_days,
        max(days.days_ago) as first_days_ago,
        {{ whole_quotient('(max(days.days_ago) - 1)', 'horizons.horizon_days') }} as windows_since_first,
        count(distinct {{ whole_quotient('(days.days_ago - 1)', 'horizons.horizon_days') }}) - 1 as windows_with,
        max(case when days.days_ago <= horizons.horizon_days then 1 else 0 end) as in_window_1,
        max(case when days.days_ago > horizons.horizon_days and days.days_ago <= 2 * horizons.horizon_days then 1 else 0 end) as in_window_2,
        max(case when days.days_ago > 2 * horizons.horizon_days and days.days_ago <= 3 * horizons.horizon_days then 1 else 0 end) as in_window_3,
        {{ frequency_class('count(*)') }} as class_now,
        {{ silence_class('min(days.days_ago)') }} as silence_now,
        {{ frequency_class('count(case when days.days_ago > horizons.horizon_days then 1 end)') }} as class_then,
        {{ silence_class('min(case when days.days_ago > horizons.horizon_days then days.days_ago end) - horizons.horizon_days') }} as silence_then
    from {{ days }} as days
    cross join (
        {%- for horizon in horizons %}
        select {{ horizon }} as horizon_days
        {{ "union all" if not loop.last }}
        {%- endfor %}
    ) as horizons
    group by days.customer_id, horizons.horizon_days
),

-- Whoever stood at the cut-off a horizon ago, and what became of them.
outcomes as (
    select
        horizon_days,
        class_then,
        silence_then,
        count(*) as people,
        sum(in_window_1) as people_with,
        sum(count(*)) over (partition by horizon_days) as all_people,
        sum(sum(in_window_1)) over (partition by horizon_days) as all_people_with
    from standing
    where class_then > 0
    group by horizon_days, class_then, silence_then
),

everybody as (
    select distinct
        horizon_days,
        cast(all_people_with as double) / all_people as share_of_all
    from outcomes
),

windows as (
    select
        standing.*,
        everybody.share_of_all,
        (coalesce(outcomes.people_with, 0) + {{ prior }} * everybody.share_of_all) / (coalesce(outcomes.people, 0) + {{ prior }}) as share_of_group
    from standing
    left join everybody
        on standing.horizon_days = everybody.horizon_days
    left join outcomes
        on
            standing.horizon_days = outcomes.horizon_days
            and standing.class_now = outcomes.class_then
            and standing.silence_now = outcomes.silence_then
)
{%- endmacro %}
