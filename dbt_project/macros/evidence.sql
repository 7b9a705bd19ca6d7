{# What speaks against a value as evidence: patterns of junk, and how a name is told apart from another. #}

{# The patterns of values that nobody owns, as the seed lists them: id_type, pattern, meaning. #}
{% macro junk_patterns() %}
    {%- set found = [] -%}
    {%- set query = "select id_type, pattern, meaning from " ~ ref("junk_identifiers") ~ " order by id_type, pattern" -%}
    {%- for row in rows_of(query, ["*", "x", "x"]) -%}
        {%- do found.append({"id_type": row[0], "pattern": row[1], "meaning": row[2]}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{#
  Why nobody owns a value, from the patterns of its type and those of '*'; null: it may be somebody's.

  The patterns stand in the SQL as constants, so that each is compiled once and not per value; one test per type finds
  the few values that match any, and only those are asked which pattern it was.
#}
{% macro junk_meaning(id_type, id_value) -%}
    {%- set patterns = junk_patterns() -%}
    {%- set tests = {} -%}
    {%- for row in patterns -%}
        {%- do tests.setdefault(row.id_type, []).append("(" ~ row.pattern ~ ")") -%}
    {%- endfor -%}
    case
        when not (
            {%- for type, alternatives in tests.items() %}
            {{ "or " if not loop.first }}({{ of_junk_type(id_type, type) }} and {{ matches(id_value, alternatives | join("|")) }})
            {%- else %} false {%- endfor %}
        ) then null
        {%- for row in patterns %}
        when {{ of_junk_type(id_type, row.id_type) }} and {{ matches(id_value, row.pattern) }}
            then {{ text_literal(row.meaning) }}
        {%- endfor %}
    end
{%- endmacro %}

{# Whether a text is one that nobody owns: a pattern of its type, or of '*', stands for it. #}
{% macro is_junk(id_type, text) -%}
    {%- set patterns = [] -%}
    {%- for row in junk_patterns() if row.id_type in (id_type, "*") -%}
        {%- do patterns.append("(" ~ row.pattern ~ ")") -%}
    {%- endfor -%}
    {%- if patterns %}{{ matches("lower(" ~ text ~ ")", patterns | join("|")) }}{% else %}false{% endif -%}
{%- endmacro %}

{# '*' stands for every identifier; a birth date is none. #}
{% macro of_junk_type(id_type, type) -%}
    {{ id_type }} {{ "<> 'birth_date'" if type == "*" else "= " ~ text_literal(type) }}
{%- endmacro %}

{# How many rows of one topic the identity audit shows at most. #}
{% macro audit_rows_most() %}{{ return(20) }}{% endmacro %}

{# A name in small letters without accents, its words parted by one blank. #}
{% macro plain_name(name) -%}
    {{ trimmed(replace_all("lower(" ~ without_accents(name) ~ ")", "[ .,:;_/()*-]+", " ")) }}
{%- endmacro %}

{#
  Two letters that tell people apart who state the same value: how the first and the last word of a plain name begin, in
  alphabetical order; of a single word its first and its last letter. It is the same for a name with swapped words, with
  initials (`J. SMITH`), a middle name, most slips of the finger, so that whoever differs in it differs clearly.
#}
{% macro name_letters(plain) -%}
    {%- set first = "substr(" ~ plain ~ ", 1, 1)" -%}
    {%- set last -%}
    case
        when {{ plain }} like '% %' then substr(regexp_extract({{ plain }}, '[^ ]+$', 0), 1, 1)
        else substr({{ plain }}, length({{ plain }}), 1)
    end
    {%- endset -%}
    least({{ first }}, {{ last }}) || greatest({{ first }}, {{ last }})
{%- endmacro %}
