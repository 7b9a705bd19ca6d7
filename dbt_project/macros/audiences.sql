{#
  Whether somebody is held out for a purpose: a keyed hash of the purpose and the id, against a share. The same person is drawn the
  same way in every run and every home, and no score can move the draw.
#}
{% macro is_held_out(purpose, customer_id, holdout_share) -%}
    {{ share_of_hash("concat_ws('|', " ~ setting("holdout_key") ~ ", " ~ purpose ~ ", " ~ customer_id ~ ")") }} < {{ holdout_share }}
{%- endmacro %}

{#
  The audiences of the day as the control table holds them, one dictionary each. Without any, one that nobody fits keeps the SQL
  well-formed.
#}
{% macro audiences_declared() -%}
    {%- set fields = ["audience", "purpose", "size_cap", "condition", "order_value", "gesture", "may_be_contacted", "rule_digest"] -%}
    {%- set nobody = ["", "", none, "false", "0", "null", "false", ""] -%}
    {%- set query = "select " ~ engine_names(fields) | join(", ") ~ " from " ~ source("control", "audiences") ~ " order by audience" -%}
    {%- set found = [] -%}
    {%- for row in rows_of(query, nobody) -%}{%- do found.append(dict(zip(fields, row))) -%}{%- endfor -%}
    {{ return(found or [dict(zip(fields, nobody))]) }}
{%- endmacro %}

{# The audiences of the version before whose rule is known, as above; `rule_digest` tells whether a rule is still the same. #}
{% macro audiences_before() -%}
    {%- set fields = ["audience", "condition", "may_be_contacted", "rule_digest"] -%}
    {%- set query = "select " ~ engine_names(fields) | join(", ") ~ " from " ~ source("control", "audiences_before")
        ~ " where condition is not null order by audience" -%}
    {%- set found = [] -%}
    {%- for row in rows_of(query, ["", "false", "false", ""]) -%}{%- do found.append(dict(zip(fields, row))) -%}{%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{# Who of some rows meets the condition of each audience and may be contacted: audience, customer_id. #}
{% macro fitting(audiences, rows, conditions_only=false) -%}
    {%- for audience in audiences %}
    {{ "union all" if not loop.first }}
    select
        '{{ audience.audience }}' as audience,
        customer_id
    from {{ rows }}
    where ({{ audience.condition }}) {%- if not conditions_only %} and {{ audience.may_be_contacted }}{% endif %}
    {%- else %}
    select
        cast(null as string) as audience,
        cast(null as string) as customer_id
    where false
    {%- endfor %}
{%- endmacro %}

{#
  The columns of a customer of today that rules read, with those that a changed model made as they were in the version before. A target
  is shown at its shortest horizon; one that no model scored before has not changed. Who has a score on one of the two days only came
  to those asked about, or went from them: that is no model's doing.
#}
{% macro with_former_scores(today, before) -%}
    {%- set relation = source("control", "customers_before") -%}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute="name") | list if execute else ["customer_id"] -%}
    {%- set changed = [] -%}
    {%- for row in rows_of(
        "select now.target from " ~ source("scores", "verdicts") ~ " as now inner join " ~ source("control", "models_before")
        ~ " as former on now.target = former.target and now.horizon_days = former.horizon_days"
        ~ " where now.model_version is distinct from former.model_version", ["none"]) -%}
        {%- do changed.append(row[0]) -%}
    {%- endfor -%}
    {%- set scores = [] -%}
    {%- for name, target, column in score_columns() if target in changed -%}{%- do scores.append(name) -%}{%- endfor -%}
    {%- for name in names %}
        {%- if name in scores %}
        case when {{ today }}.{{ name }} is not null then coalesce({{ before }}.{{ name }}, {{ today }}.{{ name }}) end as {{ name }}
        {%- else %}
        {{ today }}.{{ name }}
        {%- endif %}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
