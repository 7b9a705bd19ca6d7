{#
  Snapshot tables under Spark: what macros/snapshot_dates.sql says, in Parquet with a partition per date. A date is dropped and
  inserted anew, never overwritten: a query may read earlier dates of the table that it fills, and a date may have no rows. Columns
  are told by name, for Parquet's partition stands last.
#}
{% materialization snapshot_dates, adapter="spark" %}
    {%- set relation = this.incorporate(type="table") -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set plan = config.get("plan", "control.snapshot_plan") -%}
    {%- set absent = is_absent_family(model.name) -%}
    {%- set dates = [] if absent else run_query("select distinct as_of_date from " ~ plan ~ " order by as_of_date").columns[0].values() -%}
    {%- set sql = "select cast(null as string) as customer_id, cast(null as date) as as_of_date" if absent else sql -%}
    {%- set declared = model.columns.values() | selectattr("data_type") | list -%}

    {{ run_hooks(pre_hooks) }}

    {%- if existing is not none and not config.get("keep", true) -%}
        {{ adapter.drop_relation(existing) }}
        {%- set existing = none -%}
    {%- endif -%}

    {%- if existing is none -%}
        {% call statement("main") -%}
            {%- if declared -%}
            {{ spark_partitioned_table(relation, spark__get_empty_schema_sql(model.columns)) }}
            {%- else -%}
            {{ spark_partitioned_table(relation, snapshot_sql(sql, modules.datetime.date(1970, 1, 1))) }}
            {%- endif -%}
        {%- endcall %}
    {%- else -%}
        {% call noop_statement("main", "SNAPSHOTS " ~ dates | length) %}{% endcall %}
    {%- endif -%}

    {%- for snapshot in dates -%}
        {%- if existing is not none -%}
            {% do run_query("alter table " ~ relation ~ " drop if exists partition (as_of_date = date '" ~ snapshot ~ "')") %}
        {%- endif -%}
        {% do run_query("insert into " ~ relation ~ " by name " ~ snapshot_sql(sql, snapshot)) %}
    {%- endfor -%}

    {{ run_hooks(post_hooks) }}
    {{ return({"relations": [relation]}) }}
{% endmaterialization %}

{# An empty table of the shape of a query. #}
{% macro spark_partitioned_table(relation, query) -%}
    create table {{ relation }} using parquet partitioned by (as_of_date) {{ location_clause() }} as
    select * from ({{ query }}) as shape where 1 = 0
{%- endmacro %}
