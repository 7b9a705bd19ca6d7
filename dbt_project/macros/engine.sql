{# What the engines say differently. Everything else is written once, in SQL that each of them takes. #}

{% macro read_raw(entity) %}{{ return(adapter.dispatch("read_raw")(entity)) }}{% endmacro %}
{% macro duckdb__read_raw(entity) -%}
    read_parquet('{{ var("raw_dir") | replace("'", "''") }}/{{ entity }}/*.parquet')
{%- endmacro %}

{# A 64-bit number from the values of a row, for digests that do not depend on order. #}
{% macro row_number_hash(columns) %}{{ return(adapter.dispatch("row_number_hash")(columns)) }}{% endmacro %}
{% macro duckdb__row_number_hash(columns) -%}
    hash({{ columns | join(", ") }})
{%- endmacro %}

{# One row per part of a text that was joined with '|'. #}
{% macro split_rows(text) %}{{ return(adapter.dispatch("split_rows")(text)) }}{% endmacro %}
{% macro duckdb__split_rows(text) -%}
    unnest(string_split({{ text }}, '|'))
{%- endmacro %}

{# A wall-clock text without offset, read in one zone and told in another. #}
{% macro change_zone(naive_timestamp, from_zone, to_zone) %}{{ return(adapter.dispatch("change_zone")(naive_timestamp, from_zone, to_zone)) }}{% endmacro %}
{% macro duckdb__change_zone(naive_timestamp, from_zone, to_zone) -%}
    timezone({{ to_zone }}, timezone({{ from_zone }}, {{ naive_timestamp }}))
{%- endmacro %}

{% macro days_between(later, earlier) %}{{ return(adapter.dispatch("days_between")(later, earlier)) }}{% endmacro %}
{% macro duckdb__days_between(later, earlier) -%}
    date_diff('day', cast({{ earlier }} as date), cast({{ later }} as date))
{%- endmacro %}

{% macro seconds_between(later, earlier) %}{{ return(adapter.dispatch("seconds_between")(later, earlier)) }}{% endmacro %}
{% macro duckdb__seconds_between(later, earlier) -%}
    date_diff('second', {{ earlier }}, {{ later }})
{%- endmacro %}

{# Does a text hold a match of the pattern? #}
{% macro matches(text, pattern) %}{{ return(adapter.dispatch("matches")(text, pattern)) }}{% endmacro %}
{% macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{# A text with every match of the pattern replaced. #}
{% macro replace_all(text, pattern, by) %}{{ return(adapter.dispatch("replace_all")(text, pattern, by)) }}{% endmacro %}
{% macro duckdb__replace_all(text, pattern, by) -%}
    regexp_replace({{ text }}, {{ pattern }}, {{ by }}, 'g')
{%- endmacro %}

{# Letters without their accents; those of other scripts stay. #}
{% macro without_accents(text) %}{{ return(adapter.dispatch("without_accents")(text)) }}{% endmacro %}
{% macro duckdb__without_accents(text) -%}
    strip_accents({{ text }})
{%- endmacro %}

{# The first day of the month after an instant: the first one that can see a fact known then. #}
{% macro first_of_month_after(instant) %}{{ return(adapter.dispatch("first_of_month_after")(instant)) }}{% endmacro %}
{% macro duckdb__first_of_month_after(instant) -%}
    cast(date_trunc('month', {{ instant }}) + interval 1 month as date)
{%- endmacro %}

{# The texts of a group, in alphabetical order, joined by commas. #}
{% macro joined_texts(column) %}{{ return(adapter.dispatch("joined_texts")(column)) }}{% endmacro %}
{% macro duckdb__joined_texts(column) -%}
    string_agg({{ column }}, ',' order by {{ column }})
{%- endmacro %}

{# 1 for Monday to 7 for Sunday. #}
{% macro iso_weekday(instant) %}{{ return(adapter.dispatch("iso_weekday")(instant)) }}{% endmacro %}
{% macro duckdb__iso_weekday(instant) -%}
    isodow({{ instant }})
{%- endmacro %}

{# A number in [0, 1) that is fixed for a text: a keyed hash as a fair draw. #}
{% macro share_of_hash(text) %}{{ return(adapter.dispatch("share_of_hash")(text)) }}{% endmacro %}
{% macro duckdb__share_of_hash(text) -%}
    cast('0x' || substr(md5({{ text }}), 1, 8) as bigint) / 4294967296.0
{%- endmacro %}

{# The different characters of a text in alphabetical order: the same when one is typed twice, or two change places. #}
{% macro letters_of(text) %}{{ return(adapter.dispatch("letters_of")(text)) }}{% endmacro %}
{% macro duckdb__letters_of(text) -%}
    array_to_string(list_sort(list_distinct(string_split({{ text }}, ''))), '')
{%- endmacro %}

{# The parts of a text between separators ('': its letters), in alphabetical order, joined again. #}
{% macro sorted_parts(text, separator) %}{{ return(adapter.dispatch("sorted_parts")(text, separator)) }}{% endmacro %}
{% macro duckdb__sorted_parts(text, separator) -%}
    array_to_string(list_sort(string_split({{ text }}, '{{ separator }}')), '{{ separator }}')
{%- endmacro %}

{# A text of small letters with each word cut to its first letter; digits stay. #}
{% macro word_starts(text) %}{{ return(adapter.dispatch("word_starts")(text)) }}{% endmacro %}
{% macro duckdb__word_starts(text) -%}
    regexp_replace({{ text }}, '([^0-9 ])[^0-9 ]*', '\1', 'g')
{%- endmacro %}

{# A number with one bit set, the lowest at 0. #}
{% macro single_bit(place) %}{{ return(adapter.dispatch("single_bit")(place)) }}{% endmacro %}
{% macro duckdb__single_bit(place) -%}
    (cast(1 as bigint) << ({{ place }}))
{%- endmacro %}

{# One row per month from a first of month to another, both included. #}
{% macro month_rows(first, last) %}{{ return(adapter.dispatch("month_rows")(first, last)) }}{% endmacro %}
{% macro duckdb__month_rows(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}, interval 1 month))
{%- endmacro %}

{# How often one whole number goes into another, as a whole number. #}
{% macro whole_quotient(dividend, divisor) %}{{ return(adapter.dispatch("whole_quotient")(dividend, divisor)) }}{% endmacro %}
{% macro duckdb__whole_quotient(dividend, divisor) -%}
    ({{ dividend }} // {{ divisor }})
{%- endmacro %}

{# How a CTE is marked that several others are to read as a table, not as a part of their own query. #}
{% macro worked_out_once() %}{{ return(adapter.dispatch("worked_out_once")()) }}{% endmacro %}
{% macro duckdb__worked_out_once() -%}
    materialized
{%- endmacro %}
{# Spark decides by itself. #}
{% macro spark__worked_out_once() -%}
{%- endmacro %}
