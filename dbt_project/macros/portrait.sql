{# A part of a whole in whole percent; null when there is nothing to divide by, or so little that no number tells it. #}
{% macro percent(part, whole) -%}
    try_cast(round(100 * cast({{ part }} as double) / nullif(cast({{ whole }} as double), 0)) as bigint)
{%- endmacro %}

{#
  Where a customer stands among those of `among`: the share of them who have as much or more, from above 0 to 1. Equals stand
  at the same place, so that two customers with the same history never get different tags.
#}
{% macro place_among(measure, among) -%}
    cume_dist() over (partition by {{ among }} order by {{ measure }} desc nulls last)
{%- endmacro %}

{# The part of the day of an instant. #}
{% macro daypart(instant) -%}
    case
        when extract(hour from {{ instant }}) < 5 then 'night'
        when extract(hour from {{ instant }}) < 12 then 'morning'
        when extract(hour from {{ instant }}) < 18 then 'afternoon'
        else 'evening'
    end
{%- endmacro %}

{# Whether a list of roles, joined by commas, holds a role. #}
{% macro has_role(roles, role) -%}
    concat_ws(',', '', {{ roles }}, '') like concat_ws(',', '%', {{ role }}, '%')
{%- endmacro %}

{# The models that a tag may read, by name. Each has a column customer_no and at most one row per customer that gives the tag. #}
{% macro tag_facts() -%}
    {{ return({
        "int_customer__activity": ref("int_customer__activity"),
        "int_customer__order_habits": ref("int_customer__order_habits"),
        "int_customer__basket_habits": ref("int_customer__basket_habits"),
        "int_customer__favourites": ref("int_customer__favourites"),
        "int_customer__browsing_habits": ref("int_customer__browsing_habits"),
        "int_customer__message_habits": ref("int_customer__message_habits"),
        "int_customer__sharing_habits": ref("int_customer__sharing_habits"),
        "int_customer__device_habits": ref("int_customer__device_habits"),
        "int_customer__household": ref("int_customer__household"),
    }) }}
{%- endmacro %}

{# The rows of the seed tag_rules; while dbt only parses, one that keeps the SQL well-formed. #}
{% macro tag_rows() -%}
    {{ return(rows_of(
        "select tag, facts, value, evidence from " ~ ref("tag_rules") ~ " order by tag",
        ["roles", "int_customer__activity", "roles", "roles"])) }}
{%- endmacro %}

{# One query per tag, of one shape. Stops at rows that cannot be a tag, naming every one of them. #}
{% macro tag_queries() -%}
    {%- set facts_of = tag_facts() -%}
    {%- set faults = [] -%}
    {%- set queries = [] -%}
    {%- set names = [] -%}
    {%- for tag, facts, value, evidence in tag_rows() -%}
        {%- if not tag or not (tag | replace("_", "")).isalnum() or tag != tag | lower -%}
            {%- do faults.append("tag '" ~ tag ~ "' (a name is small letters, digits and _)") -%}
        {%- elif tag in names -%}
            {%- do faults.append("tag '" ~ tag ~ "' twice") -%}
        {%- elif facts not in facts_of -%}
            {%- do faults.append("tag '" ~ tag ~ "' on the facts '" ~ facts ~ "' (facts are: " ~ facts_of | join(", ") ~ ")") -%}
        {%- elif not value or not evidence -%}
            {%- do faults.append("tag '" ~ tag ~ "' without value or evidence") -%}
        {%- endif -%}
        {%- do names.append(tag) -%}
        {%- do queries.append(
            "select customer_no, '" ~ tag ~ "' as tag, cast(" ~ value ~ " as string) as tag_value, cast("
            ~ evidence ~ " as string) as evidence from " ~ facts_of.get(facts)) -%}
    {%- endfor -%}
    {%- if faults -%}
        {%- do exceptions.raise_compiler_error("The seed tag_rules says " ~ faults | join("; ") ~ ". Correct these rows or remove them.") -%}
    {%- endif -%}
    {{ return(queries) }}
{%- endmacro %}
