{# The horizons in days that the targets ask for, ascending: of what is bought (`buying`) or of what is shared (`sharing`). #}
{% macro horizons(of_what) -%}
    {%- set condition = "target = 'share'" if of_what == "sharing" else "target <> 'share'" -%}
    {%- set query = "select distinct horizon_days from " ~ source("control", "targets") ~ " where " ~ condition ~ " order by horizon_days" -%}
    {%- set days = [] -%}
    {%- for row in rows_of(query, [30]) %}{% do days.append(row[0]) %}{% endfor -%}
    {{ return(days) }}
{%- endmacro %}

{#
  The windows of a row of the seed, in days; one without a number for a row without windows. `buying` and `sharing` stand for the horizons
  of the targets: none, and no column, where no target asks.
#}
{% macro windows_of(stated) -%}
    {%- if not stated %}{{ return([""]) }}{% endif -%}
    {%- if stated in ("buying", "sharing") %}{{ return(horizons(stated)) }}{% endif -%}
    {{ return(stated.split("|")) }}
{%- endmacro %}

{# The rows of the seed feature_catalogue for one part of a family; while dbt only parses, one that keeps the SQL well-formed. #}
{% macro catalogue_rows(family, part) -%}
    {%- set query = "select feature, windows, sql, divided_by from " ~ ref("feature_catalogue")
        ~ " where family = '" ~ family ~ "' and part = '" ~ part ~ "' order by feature" -%}
    {{ return(rows_of(query, ["feature", none, "0", none])) }}
{%- endmacro %}

{#
  The columns that the seed feature_catalogue asks of one part of a family, one per window: its `sql`, divided by `over` where it has
  one, as a 32-bit float. Stops at a part that no row asks anything of. Where rows ask for windows of targets that are not there, the family
  is absent and its SQL never runs; a column keeps it well-formed.
#}
{% macro catalogue(family, part) -%}
    {%- set columns = [] -%}
    {%- set asked = catalogue_rows(family, part) -%}
    {%- for feature, windows, expression, divided_by in asked -%}
        {%- for days in windows_of(windows) -%}
            {%- set value = ratio(expression, divided_by) if divided_by else as_feature(expression) -%}
            {%- do columns.append(((value ~ " as " ~ feature) | replace("{days}", days | string))) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if not asked -%}
        {%- do exceptions.raise_compiler_error("The seed feature_catalogue has no row for the part '" ~ part ~ "' of the family '" ~ family
            ~ "'. Put one there, switch the family off in the seed feature_families, or take the part out of ftr_customer__" ~ family ~ ".sql.") -%}
    {%- endif -%}
    {{ columns | join(",\n        ") or "cast(null as float) as nothing_asked" }}
{%- endmacro %}

{# The features of the catalogue that are 0, and not unknown, for a customer of whom their family knows nothing. #}
{% macro zero_when_empty() -%}
    {%- set names = [] -%}
    {%- set query = "select feature, windows from " ~ ref("feature_catalogue") ~ " where when_empty = 'zero'" -%}
    {%- for feature, windows in rows_of(query, ["feature", none]) -%}
        {%- for days in windows_of(windows) %}{% do names.append(feature | replace("{days}", days | string)) %}{% endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#
  The families of the seed feature_families. dbt must know whom a model reads before it may read a table, so their names come with
  the environment; whether a family is there on this day stands in control.feature_families.
#}
{% macro feature_families() -%}
    {{ return((env_var("KITH_FEATURE_FAMILIES", "") if env_var is defined else "").split("|") | select | list) }}
{%- endmacro %}

{# Is this the model of a family that is switched off, or that lacks an entity? Then it is a table without features or rows. #}
{% macro is_absent_family(model_name) -%}
    {%- if not model_name.startswith("ftr_customer__") %}{{ return(false) }}{% endif -%}
    {%- set present = rows_of("select family from " ~ source("control", "feature_families") ~ " where is_present", [""]) -%}
    {{ return(model_name | replace("ftr_customer__", "") not in present | map(attribute=0)) }}
{%- endmacro %}

{# The names of the columns that `catalogue` gives for a part of a family. #}
{% macro catalogue_names(family, part) -%}
    {%- set names = [] -%}
    {%- for feature, windows, expression, divided_by in catalogue_rows(family, part) -%}
        {%- for days in windows_of(windows) %}{% do names.append(feature | replace("{days}", days | string)) %}{% endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}
