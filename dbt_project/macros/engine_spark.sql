{# How dbt makes tables under Spark, where that differs from dbt's own way or DuckDB's. #}

{# Types are written in DuckDB's words in the yml files; Spark has another word for text. #}
{% macro spark_type(data_type) -%}
    {{ return("string" if data_type | lower == "varchar" else data_type) }}
{%- endmacro %}

{#
  Each table has its folder in the lake, so that a later session finds it there without a metastore. Without KITH_LAKE the
  cluster's own catalog says where tables lie.
#}
{% macro spark__location_clause() -%}
    {%- set lake = env_var("KITH_LAKE", "") -%}
    {%- if lake %} location '{{ lake }}/{{ model.schema }}.db/{{ model.alias }}' {% endif -%}
{%- endmacro %}

{# The columns of a contract as an empty query, for dbt to compare with the model's. #}
{% macro spark__get_empty_schema_sql(columns) -%}
    select
    {%- for column in columns.values() %}
        cast(null as {{ spark_type(column.data_type) }}) as {{ adapter.quote(column.name) }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# A table of the model's query, in the model's folder. #}
{% macro spark_table_as(relation, query) -%}
    create table {{ relation }} using parquet {{ partition_cols("partitioned by") }} {{ location_clause() }} as {{ query }}
{%- endmacro %}

{# A list with its rows in one statement: dbt's own way binds values without a thought for the quotes in them. #}
{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set types = model.config.get("column_types", {}) -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- set type = spark_type(types.get(name, adapter.convert_type(agate_table, loop.index0))) -%}
        {%- do columns.append("cast(" ~ adapter.quote(name) ~ " as " ~ type ~ ") as " ~ adapter.quote(name)) -%}
    {%- endfor -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set values = [] -%}
        {%- for value in row %}{% do values.append("null" if value is none else text_literal(value | string)) %}{% endfor -%}
        {%- do rows.append("(" ~ values | join(", ") ~ ")") -%}
    {%- endfor -%}
    {%- if not rows -%}
        {%- do rows.append("(" ~ (["null"] * agate_table.column_names | length) | join(", ") ~ ")") -%}
    {%- endif -%}
    {%- set names = [] -%}
    {%- for name in agate_table.column_names %}{% do names.append(adapter.quote(name)) %}{% endfor -%}
    {%- set query -%}
        select {{ columns | join(", ") }}
        from values {{ rows | join(",\n") }} as listed ({{ names | join(", ") }})
        {{ "where false" if not agate_table.rows }}
    {%- endset -%}
    {% call statement("_") %}{{ spark_table_as(this, query) }}{% endcall %}
    {{ return("") }}
{%- endmacro %}

{% macro spark__load_csv_rows(model, agate_table) -%}{{ return("") }}{%- endmacro %}
