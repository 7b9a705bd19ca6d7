{# The units of the golden record: what is chosen together, so that no value is put together from two records. #}
{% macro golden_units() -%}
    {{ return({
        "name": ["name", "given_name", "family_name"],
        "email": ["email"],
        "phone": ["phone"],
        "birth_date": ["birth_date"],
        "gender": ["gender"],
        "address": ["street", "city", "postcode", "country"],
    }) }}
{%- endmacro %}

{# Every column of every unit, in the order of the units. #}
{% macro golden_fields() -%}
    {{ return(golden_units().values() | sum(start=[])) }}
{%- endmacro %}

{# What the rules of the seed survivorship_rules mean: the candidate with the greater value wins; none is ever null. #}
{% macro survivorship_measures() -%}
    {{ return({
        "usable": "case when is_usable then 1 else 0 end",
        "verified": "case when is_verified then 1 else 0 end",
        "source_priority": "-source_rank",
        "most_recent": "known_at",
        "most_frequent": "stated_by",
        "most_complete": "fields_stated",
        "mixed_case": "case when is_mixed_case then 1 else 0 end",
        "native_script": "case when is_native_script then 1 else 0 end",
        "latin_script": "case when is_native_script then 0 else 1 end",
        "usual_form": "form_stated_by",
    }) }}
{%- endmacro %}

{# The rows of the seed survivorship_rules, in order; while dbt only parses, one that keeps the SQL well-formed. #}
{% macro survivorship_rows() -%}
    {{ return(rows_of("select unit, rank, rule from " ~ ref("survivorship_rules") ~ " order by unit, rank", ["name", 1, "most_recent"])) }}
{%- endmacro %}

{# The rules of each unit, first things first. Stops at what the seed must not hold, naming every such row. #}
{% macro survivorship_rules() -%}
    {%- set rules = {} -%}
    {%- set faults = [] -%}
    {%- for unit in golden_units() %}{% do rules.update({unit: []}) %}{% endfor -%}
    {%- for unit, rank, rule in survivorship_rows() -%}
        {%- set row = "rule '" ~ rule ~ "' for unit '" ~ unit ~ "' at rank " ~ rank -%}
        {%- if unit not in rules -%}
            {%- do faults.append(row ~ " (units are: " ~ rules | join(", ") ~ ")") -%}
        {%- elif rule not in survivorship_measures() -%}
            {%- do faults.append(row ~ " (rules are: " ~ survivorship_measures() | join(", ") ~ ")") -%}
        {%- elif rule in rules[unit] -%}
            {%- do faults.append(row ~ " (it stands at an earlier rank already)") -%}
        {%- else -%}
            {%- do rules[unit].append(rule) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if faults -%}
        {%- do exceptions.raise_compiler_error("The seed survivorship_rules says " ~ faults | join("; ") ~ ". Correct these rows or remove them.") -%}
    {%- endif -%}
    {{ return(rules) }}
{%- endmacro %}

{# The order of candidates: the rules, then what no two candidates of a customer share. #}
{% macro survivorship_order(rules) -%}
    {%- for rule in rules %}{{ survivorship_measures()[rule] }} desc, {% endfor -%}
    source asc, source_key asc, match_key asc
{%- endmacro %}
