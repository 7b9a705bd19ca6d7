{# The first date of the grid from a day on: that Monday itself, or the next. #}
{% macro first_grid_date(day) -%}
    {{ day }} + cast((8 - {{ iso_weekday(day) }}) % 7 as integer)
{%- endmacro %}

{# How many days each standing looks back, from the seed level_windows: `reach` a level, `stay` at one. #}
{% macro level_windows() -%}
    {%- set days = {"reach": 1, "stay": 1} -%}
    {%- for row in rows_of("select standing, days from " ~ ref("level_windows"), ["reach", 1]) -%}
        {%- do days.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {{ return(days) }}
{%- endmacro %}

{#
  What each level asks for, to reach it and to stay at it: one row per standing and level, each level asking for all that the
  lower ones do. `order_days` holds a row per customer with order_days_reach. What counts as often is read off those who
  bought, by the nearest rank: the least number of days that at least that share of them does not exceed.
#}
{% macro level_needs(order_days) -%}
    {%- set and_lower = "over (partition by standing order by level_rank rows unbounded preceding)" -%}
    select
        standing,
        level_rank,
        needs_activity,
        order_days,
        people_brought,
        -- The lowest level that asks for as many: the name of the bar.
        first_value(level) over (partition by standing, order_days order by level_rank) as order_days_level
    from (
        select
            standing,
            level,
            level_rank,
            max(needs_activity) {{ and_lower }} as needs_activity,
            max(order_days) {{ and_lower }} as order_days,
            max(people_brought) {{ and_lower }} as people_brought
        from (
            select
                rules.standing,
                rules.level,
                rules.level_rank,
                rules.needs_activity,
                rules.people_brought,
                greatest(
                    rules.order_days,
                    coalesce(min(case when buyers.up_to >= rules.quantile * buyers.all_of_them then buyers.order_days end), 0)
                ) as order_days
            from (
                {%- for standing in ["reach", "stay"] %}
                select
                    '{{ standing }}' as standing,
                    level,
                    level_rank,
                    case when needs_activity then 1 else 0 end as needs_activity,
                    min_order_days as order_days,
                    quantile_to_{{ standing }} as quantile,
                    min_people_brought as people_brought
                from {{ ref('level_rules') }}
                {{ "union all" if not loop.last }}
                {%- endfor %}
            ) as rules
            left join (
                select
                    order_days_reach as order_days,
                    sum(count(*)) over (order by order_days_reach) as up_to,
                    sum(count(*)) over () as all_of_them
                from {{ order_days }}
                where order_days_reach > 0
                group by order_days_reach
            ) as buyers
                on rules.quantile is not null
            group by rules.standing, rules.level, rules.level_rank, rules.needs_activity, rules.order_days, rules.people_brought
        ) as alone
    ) as together
{%- endmacro %}

{#
  The days of both windows in words of 60 bits, those to reach first: different days are counted by setting bits. Counting
  distinct values would lay out every order of every customer: twice the time, ten times the memory.
#}
{% macro day_words(windows) -%}
    {%- set words = [] -%}
    {%- for standing, first, last in [("reach", 1, windows.reach), ("stay", windows.reach + 1, windows.stay)] -%}
        {%- for start in range(first, last + 1, 60) -%}
            {%- do words.append({"name": "days_from_" ~ start, "standing": standing, "first": start, "last": [start + 59, last] | min}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(words) }}
{%- endmacro %}

{# How many days the words of a group of rows hold. #}
{% macro count_of_days(words) -%}
    {%- for word in words -%}
        coalesce(cast(bit_count(bit_or({{ word.name }})) as integer), 0){{ " + " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The facts by which a customer has come up to a level: of what it asks for, that which the one before did not ask. #}
{% macro reason_of_rise(customer, needs, before, days) -%}
    concat_ws(
        '; ',
        case
            when {{ needs }}.order_days = 0 and {{ needs }}.needs_activity > {{ before }}.needs_activity then 'active in {{ days }} days'
        end,
        case
            when {{ needs }}.order_days > {{ before }}.order_days
                then
                    {{ counted(customer ~ ".order_days_reach", "order day", "order days") }} || ' in {{ days }} days, '
                    || {{ counted(needs ~ ".order_days", "makes", "make") }} || ' ' || {{ needs }}.order_days_level
        end,
        case
            when {{ needs }}.people_brought > {{ before }}.people_brought
                then 'brought ' || {{ counted(customer ~ ".people_brought_reach", "person", "people") }} || ' in {{ days }} days'
        end
    )
{%- endmacro %}

{# The facts by which a customer can no longer stay at a level: what it asks for and is not there. #}
{% macro reason_of_fall(customer, needs, days) -%}
    case
        when {{ customer }}.activity_stay < {{ needs }}.needs_activity then 'nothing done in {{ days }} days'
        else concat_ws(
            '; ',
            case
                when {{ customer }}.order_days_stay < {{ needs }}.order_days
                    then
                        'order days in {{ days }} days fell to ' || cast({{ customer }}.order_days_stay as string)
                        || ', below ' || cast({{ needs }}.order_days as string)
            end,
            case
                when {{ customer }}.people_brought_stay = 0 and {{ needs }}.people_brought > 0 then 'brought nobody in {{ days }} days'
                when {{ customer }}.people_brought_stay < {{ needs }}.people_brought
                    then
                        'people brought in {{ days }} days fell to ' || cast({{ customer }}.people_brought_stay as string)
                        || ', below ' || cast({{ needs }}.people_brought as string)
            end
        )
    end
{%- endmacro %}

{# Where customers stand at as_of_date: at the level of the last grid date. #}
{% macro levels_now() -%}
    select
        customer_id,
        level,
        since,
        last_reason
    from {{ ref('int_customer__levels') }}
    where as_of_date = (select max(history.as_of_date) from {{ ref('int_customer__levels') }} as history)
{%- endmacro %}
