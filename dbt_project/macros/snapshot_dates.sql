{#
  A table that holds one snapshot per date, built with one query per date: so a new day costs a day, and no
  join ever meets all facts and all dates at once.

  The model's SQL says `snapshot_date()` where it needs the date. Which dates are built is the list in
  control.snapshot_plan (or the table named by the config `plan`); a date that is there already is replaced.
  A family of features that is absent on the run's day is a table of its two keys and no row: it costs no query per date.
  With the config `keep: false` earlier snapshots are dropped first, for what depends on the run's own date.

  A model may read the rows of earlier dates in `this`: dates are built in ascending order. Such a table cannot be shaped by its
  own query; its yml gives every column a data_type.
#}
{% materialization snapshot_dates, default %}
    {%- set relation = this.incorporate(type="table") -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set plan = config.get("plan", "control.snapshot_plan") -%}
    {%- set dates = run_query("select distinct as_of_date from " ~ plan ~ " order by as_of_date").columns[0].values() -%}
    {%- set sql = "select cast(null as string) as customer_id, cast(null as date) as as_of_date" if is_absent_family(model.name) else sql -%}
    {%- set dates = [] if is_absent_family(model.name) else dates -%}

    {%- set declared = model.columns.values() | selectattr("data_type") | list -%}
    {%- set names = declared | map(attribute="name") | join(", ") -%}

    {{ run_hooks(pre_hooks) }}

    {%- if existing is not none and (existing.type != "table" or not config.get("keep", true)) -%}
        {{ adapter.drop_relation(existing) }}
        {%- set existing = none -%}
    {%- endif -%}

    {%- if existing is none -%}
        {% call statement("main") -%}
            {%- if declared %}
            create table {{ relation }} ({% for column in declared %}{{ column.name }} {{ column.data_type }}{{ ", " if not loop.last }}{% endfor %})
            {%- else %}
            create table {{ relation }} as
            select * from ({{ snapshot_sql(sql, modules.datetime.date(1970, 1, 1)) }}) as shape where 1 = 0
            {%- endif %}
        {%- endcall %}
    {%- else -%}
        {% call noop_statement("main", "SNAPSHOTS " ~ dates | length) %}{% endcall %}
    {%- endif -%}

    {#- One call for all dates: dbt's own work for a call costs more than a small date. -#}
    {%- set statements = [] -%}
    {%- if existing is not none -%}
        {% do statements.append("delete from " ~ relation ~ " where as_of_date in (select as_of_date from " ~ plan ~ ")") %}
    {%- endif -%}
    {%- set into = "insert into " ~ relation ~ (" (" ~ names ~ ") select " ~ names ~ " from (" if declared else " ") -%}
    {%- for snapshot in dates -%}
        {% do statements.append(into ~ snapshot_sql(sql, snapshot) ~ (") as built" if declared else "")) %}
    {%- endfor -%}
    {%- if statements -%}
        {% do adapter.add_query(statements | join(";\n"), auto_begin=false) %}
    {%- endif -%}

    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({"relations": [relation]}) }}
{% endmaterialization %}

{% macro snapshot_sql(sql, snapshot) -%}
    {{ return(sql | replace("__snapshot_date__", snapshot | string)) }}
{%- endmacro %}
