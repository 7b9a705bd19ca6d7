{# What the engines say differently. Everything else is written once, in SQL that each of them takes. #}

{% macro read_raw(entity) %}{{ return(adapter.dispatch("read_raw")(entity)) }}{% endmacro %}
{% macro duckdb__read_raw(entity) -%}
    {%- set folder = var("raw_dir") | replace("'", "''") ~ "/" ~ entity -%}
    {%- if is_incremental() -%}
    read_parquet(['{{ folder }}/{{ new_raw_files(entity) | join("', '" ~ folder ~ "/") }}'])
    {%- else -%}
    read_parquet('{{ folder }}/*.parquet')
    {%- endif -%}
{%- endmacro %}
{% macro spark__read_raw(entity) -%}
    parquet.`{{ var("raw_dir") }}/{{ entity }}`
{%- endmacro %}

{#
  A number of 60 bits from the texts of a row, the same in each engine: for digests that do not depend on order. The lengths at
  the end tell ('a|b', 'c') from ('a', 'b|c'), and nothing from a text without letters.
#}
{% macro row_hash(columns) -%}
    {%- set texts = [] -%}
    {%- set lengths = [] -%}
    {%- for column in columns -%}
        {%- do texts.append("coalesce(" ~ column ~ ", '')") -%}
        {%- do lengths.append("coalesce(cast(length(" ~ column ~ ") as string), '')") -%}
    {%- endfor -%}
    {{ number_of_hex("substr(md5(concat_ws('|', " ~ (texts + lengths) | join(", ") ~ ")), 1, 15)") }}
{%- endmacro %}

{# The whole number that up to 15 hexadecimal digits write. #}
{% macro number_of_hex(digits) %}{{ return(adapter.dispatch("number_of_hex")(digits)) }}{% endmacro %}
{% macro duckdb__number_of_hex(digits) -%}
    cast('0x' || {{ digits }} as bigint)
{%- endmacro %}
{% macro spark__number_of_hex(digits) -%}
    cast(conv({{ digits }}, 16, 10) as bigint)
{%- endmacro %}

{# A 64-bit number from values: fast, each engine's own, so nothing that is published may show it or be ordered by it. #}
{% macro key_hash(columns) %}{{ return(adapter.dispatch("key_hash")(columns)) }}{% endmacro %}
{% macro duckdb__key_hash(columns) -%}
    hash({{ columns | join(", ") }})
{%- endmacro %}
{% macro spark__key_hash(columns) -%}
    xxhash64({{ columns | join(", ") }})
{%- endmacro %}

{# One row per part of a text that was joined with '|'. #}
{% macro split_rows(text) %}{{ return(adapter.dispatch("split_rows")(text)) }}{% endmacro %}
{% macro duckdb__split_rows(text) -%}
    unnest(string_split({{ text }}, '|'))
{%- endmacro %}
{% macro spark__split_rows(text) -%}
    explode(split({{ text }}, '[|]'))
{%- endmacro %}

{# A wall-clock text without offset, read in one zone and told in another. #}
{% macro change_zone(naive_timestamp, from_zone, to_zone) %}{{ return(adapter.dispatch("change_zone")(naive_timestamp, from_zone, to_zone)) }}{% endmacro %}
{% macro duckdb__change_zone(naive_timestamp, from_zone, to_zone) -%}
    timezone({{ to_zone }}, timezone({{ from_zone }}, {{ naive_timestamp }}))
{%- endmacro %}
{# Of a time that a zone has twice, when its clocks go back, the second is meant, as DuckDB means it. #}
{% macro spark__change_zone(naive_timestamp, from_zone, to_zone) -%}
    convert_timezone('UTC', {{ to_zone }}, {{ spark_utc(naive_timestamp, from_zone) }})
{%- endmacro %}
{% macro spark_utc(naive_timestamp, zone) -%}
    {%- set first = "convert_timezone(" ~ zone ~ ", 'UTC', " ~ naive_timestamp ~ ")" -%}
    case
        when convert_timezone('UTC', {{ zone }}, {{ first }} + interval 1 hour) = {{ naive_timestamp }} then {{ first }} + interval 1 hour
        else {{ first }}
    end
{%- endmacro %}

{% macro days_between(later, earlier) %}{{ return(adapter.dispatch("days_between")(later, earlier)) }}{% endmacro %}
{% macro duckdb__days_between(later, earlier) -%}
    date_diff('day', cast({{ earlier }} as date), cast({{ later }} as date))
{%- endmacro %}
{% macro spark__days_between(later, earlier) -%}
    cast(datediff({{ later }}, {{ earlier }}) as bigint)
{%- endmacro %}

{% macro seconds_between(later, earlier) %}{{ return(adapter.dispatch("seconds_between")(later, earlier)) }}{% endmacro %}
{% macro duckdb__seconds_between(later, earlier) -%}
    date_diff('second', {{ earlier }}, {{ later }})
{%- endmacro %}
{% macro spark__seconds_between(later, earlier) -%}
    timestampdiff(second, date_trunc('second', {{ earlier }}), date_trunc('second', {{ later }}))
{%- endmacro %}

{# A text as a literal; what stands in it is meant as it stands. #}
{% macro text_literal(text) %}{{ return(adapter.dispatch("text_literal")(text)) }}{% endmacro %}
{% macro duckdb__text_literal(text) -%}
    {{ return("'" ~ (text | replace("'", "''")) ~ "'") }}
{%- endmacro %}
{% macro spark__text_literal(text) -%}
    {{ return("'" ~ (text | replace("\\", "\\\\") | replace("'", "\\'")) ~ "'") }}
{%- endmacro %}

{# Does a text hold a match of the pattern? Patterns are written so that RE2 and Java read them alike: no `[` or `&&` in brackets. #}
{% macro matches(text, pattern) %}{{ return(adapter.dispatch("matches")(text, pattern)) }}{% endmacro %}
{% macro duckdb__matches(text, pattern) -%}
    regexp_matches({{ text }}, {{ text_literal(pattern) }})
{%- endmacro %}
{% macro spark__matches(text, pattern) -%}
    regexp_like({{ text }}, {{ text_literal(pattern) }})
{%- endmacro %}

{# A text with every match of the pattern replaced. #}
{% macro replace_all(text, pattern, by) %}{{ return(adapter.dispatch("replace_all")(text, pattern, by)) }}{% endmacro %}
{% macro duckdb__replace_all(text, pattern, by) -%}
    regexp_replace({{ text }}, {{ text_literal(pattern) }}, {{ text_literal(by) }}, 'g')
{%- endmacro %}
{% macro spark__replace_all(text, pattern, by) -%}
    regexp_replace({{ text }}, {{ text_literal(pattern) }}, {{ text_literal(by) }})
{%- endmacro %}

{# Letters without their accents; those of other scripts stay. #}
{% macro without_accents(text) %}{{ return(adapter.dispatch("without_accents")(text)) }}{% endmacro %}
{% macro duckdb__without_accents(text) -%}
    strip_accents({{ text }})
{%- endmacro %}
{% macro spark__without_accents(text) -%}
    translate({{ spark__replace_all(text, "\\p{M}+", "") }}, '{{ accented_letters()[0::2] }}', '{{ accented_letters()[1::2] }}')
{%- endmacro %}

{# The first day of the month after an instant: the first one that can see a fact known then. #}
{% macro first_of_month_after(instant) %}{{ return(adapter.dispatch("first_of_month_after")(instant)) }}{% endmacro %}
{% macro duckdb__first_of_month_after(instant) -%}
    cast(date_trunc('month', {{ instant }}) + interval 1 month as date)
{%- endmacro %}
{% macro spark__first_of_month_after(instant) -%}
    add_months(trunc(cast({{ instant }} as date), 'month'), 1)
{%- endmacro %}

{# The texts of a group, in alphabetical order, joined by commas. #}
{% macro joined_texts(column) %}{{ return(adapter.dispatch("joined_texts")(column)) }}{% endmacro %}
{% macro duckdb__joined_texts(column) -%}
    string_agg({{ column }}, ',' order by {{ column }})
{%- endmacro %}
{% macro spark__joined_texts(column) -%}
    listagg({{ column }}, ',') within group (order by {{ column }})
{%- endmacro %}

{# 1 for Monday to 7 for Sunday. #}
{% macro iso_weekday(instant) %}{{ return(adapter.dispatch("iso_weekday")(instant)) }}{% endmacro %}
{% macro duckdb__iso_weekday(instant) -%}
    isodow({{ instant }})
{%- endmacro %}
{% macro spark__iso_weekday(instant) -%}
    (weekday({{ instant }}) + 1)
{%- endmacro %}

{# A number in [0, 1) that is fixed for a text: a keyed hash as a fair draw. #}
{% macro share_of_hash(text) -%}
    cast({{ number_of_hex("substr(md5(" ~ text ~ "), 1, 8)") }} as double) / 4294967296
{%- endmacro %}

{# The different characters of a text in alphabetical order: the same when one is typed twice, or two change places. #}
{% macro letters_of(text) %}{{ return(adapter.dispatch("letters_of")(text)) }}{% endmacro %}
{% macro duckdb__letters_of(text) -%}
    array_to_string(list_sort(list_distinct(string_split({{ text }}, ''))), '')
{%- endmacro %}
{% macro spark__letters_of(text) -%}
    array_join(array_sort(array_distinct(split({{ text }}, ''))), '')
{%- endmacro %}

{# The parts of a text between separators ('': its letters), in alphabetical order, joined again. #}
{% macro sorted_parts(text, separator) %}{{ return(adapter.dispatch("sorted_parts")(text, separator)) }}{% endmacro %}
{% macro duckdb__sorted_parts(text, separator) -%}
    array_to_string(list_sort(string_split({{ text }}, '{{ separator }}')), '{{ separator }}')
{%- endmacro %}
{% macro spark__sorted_parts(text, separator) -%}
    array_join(array_sort(split({{ text }}, '{{ separator }}')), '{{ separator }}')
{%- endmacro %}

{# A text of small letters with each word cut to its first letter; digits stay. #}
{% macro word_starts(text) %}{{ return(adapter.dispatch("word_starts")(text)) }}{% endmacro %}
{% macro duckdb__word_starts(text) -%}
    regexp_replace({{ text }}, '([^0-9 ])[^0-9 ]*', '\1', 'g')
{%- endmacro %}
{% macro spark__word_starts(text) -%}
    regexp_replace({{ text }}, '([^0-9 ])[^0-9 ]*', '$1')
{%- endmacro %}

{# A number with one bit set, the lowest at 0. #}
{% macro single_bit(place) %}{{ return(adapter.dispatch("single_bit")(place)) }}{% endmacro %}
{% macro duckdb__single_bit(place) -%}
    (cast(1 as bigint) << ({{ place }}))
{%- endmacro %}
{% macro spark__single_bit(place) -%}
    shiftleft(cast(1 as bigint), cast({{ place }} as integer))
{%- endmacro %}

{# One row per month from a first of month to another, both included. #}
{% macro month_rows(first, last) %}{{ return(adapter.dispatch("month_rows")(first, last)) }}{% endmacro %}
{% macro duckdb__month_rows(first, last) -%}
    unnest(generate_series({{ first }}, {{ last }}, interval 1 month))
{%- endmacro %}
{% macro spark__month_rows(first, last) -%}
    explode(sequence({{ first }}, {{ last }}, interval 1 month))
{%- endmacro %}

{# How often one whole number goes into another, as a whole number. #}
{% macro whole_quotient(dividend, divisor) %}{{ return(adapter.dispatch("whole_quotient")(dividend, divisor)) }}{% endmacro %}
{% macro duckdb__whole_quotient(dividend, divisor) -%}
    ({{ dividend }} // {{ divisor }})
{%- endmacro %}
{% macro spark__whole_quotient(dividend, divisor) -%}
    ({{ dividend }} div {{ divisor }})
{%- endmacro %}

{# A text without the blanks around it, those of any script. #}
{% macro trimmed(text) %}{{ return(adapter.dispatch("trimmed")(text)) }}{% endmacro %}
{% macro duckdb__trimmed(text) -%}
    trim({{ text }})
{%- endmacro %}
{% macro spark__trimmed(text) -%}
    trim(both ' {{ "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000" }}' from {{ text }})
{%- endmacro %}

{# The last value of a column up to a row that is not null. #}
{% macro last_stated(column, within, order) %}{{ return(adapter.dispatch("last_stated")(column, within, order)) }}{% endmacro %}
{% macro duckdb__last_stated(column, within, order) -%}
    last_value({{ column }} ignore nulls) over (partition by {{ within }} order by {{ order }} rows between unbounded preceding and current row)
{%- endmacro %}
{% macro spark__last_stated(column, within, order) -%}
    last_value({{ column }}, true) over (partition by {{ within }} order by {{ order }} rows between unbounded preceding and current row)
{%- endmacro %}

{# A number of type double, rounded to so many decimal places as each row asks for. #}
{% macro rounded(number, places) %}{{ return(adapter.dispatch("rounded")(number, places)) }}{% endmacro %}
{% macro duckdb__rounded(number, places) -%}
    round({{ number }}, {{ places }})
{%- endmacro %}
{% macro spark__rounded(number, places) -%}
    round(({{ number }}) * power(cast(10 as double), {{ places }})) / power(cast(10 as double), {{ places }})
{%- endmacro %}

{# How a CTE is marked that several others are to read as a table, not as a part of their own query. #}
{% macro worked_out_once() %}{{ return(adapter.dispatch("worked_out_once")()) }}{% endmacro %}
{% macro duckdb__worked_out_once() -%}
    materialized
{%- endmacro %}
{# Spark decides by itself. #}
{% macro spark__worked_out_once() -%}
{%- endmacro %}

{# A number of type double as an exact one. DuckDB rounds the product with the power of ten, Spark the digits it would print. #}
{% macro decimal_of(number, precision, scale) %}{{ return(adapter.dispatch("decimal_of")(number, precision, scale)) }}{% endmacro %}
{% macro duckdb__decimal_of(number, precision, scale) -%}
    cast({{ number }} as decimal({{ precision }}, {{ scale }}))
{%- endmacro %}
{% macro spark__decimal_of(number, precision, scale) -%}
    cast(round(({{ number }}) * 1e{{ scale }}) / 1e{{ scale }} as decimal({{ precision }}, {{ scale }}))
{%- endmacro %}

{# Columns that hold SQL, read so that the names quoted in it are quoted as the engine wants them. #}
{% macro engine_names(columns) %}{{ return(adapter.dispatch("engine_names")(columns)) }}{% endmacro %}
{% macro duckdb__engine_names(columns) -%}
    {{ return(columns) }}
{%- endmacro %}
{% macro spark__engine_names(columns) -%}
    {%- set told = [] -%}
    {%- for column in columns -%}
        {%- do told.append("replace(" ~ column ~ ", '\"', '`') as " ~ column if column in ("condition", "order_value", "gesture") else column) -%}
    {%- endfor -%}
    {{ return(told) }}
{%- endmacro %}

{# How a model is built that can be added to (macros/append.sql). Spark builds it whole. #}
{% macro appendable() %}{{ return(adapter.dispatch("appendable")()) }}{% endmacro %}
{% macro duckdb__appendable() %}{{ return("incremental") }}{% endmacro %}
{% macro spark__appendable() %}{{ return("table") }}{% endmacro %}
