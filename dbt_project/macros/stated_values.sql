{# The one form of an identifying value, by which two records are found to state the same. #}
{% macro identifier_form(id_type, id_value) -%}
    case
        -- Dots and plus parts do not tell two Gmail mailboxes apart.
        when {{ id_type }} = 'email' and {{ matches(id_value, "@(gmail|googlemail)[.]com$") }}
            then replace(split_part(split_part({{ id_value }}, '@', 1), '+', 1), '.', '') || '@gmail.com'
        when {{ id_type }} = 'card' then upper(replace(replace({{ id_value }}, ' ', ''), '-', ''))
        else {{ id_value }}
    end
{%- endmacro %}

{# Does a text hold Chinese, Japanese or Korean letters? Such names have the family name first and no blanks. #}
{% macro is_cjk(text) -%}
    {{ matches(text, "[\\x{3040}-\\x{30ff}\\x{3400}-\\x{9fff}\\x{ac00}-\\x{d7af}]") }}
{%- endmacro %}

{# A full name from its two parts; null when both are. #}
{% macro full_name(given_name, family_name) -%}
    case
        when {{ is_cjk("concat_ws('', " ~ family_name ~ ", " ~ given_name ~ ")") }} then concat_ws('', {{ family_name }}, {{ given_name }})
        else nullif(concat_ws(' ', {{ given_name }}, {{ family_name }}), '')
    end
{%- endmacro %}

{# Small letters and digits without accents; everything else becomes `filler`. #}
{% macro plain_letters(text, filler) -%}
    {{ replace_all("translate(" ~ without_accents("lower(" ~ text ~ ")") ~ ", 'đłøı', 'dloi')", "[^\\p{L}\\p{N}]+", filler) }}
{%- endmacro %}

{# Two names with equal keys are one name: case, accents, punctuation and the order of its words do not count. #}
{% macro name_key(name) -%}
    case
        when {{ is_cjk(name) }} then {{ sorted_parts(plain_letters(name, ""), "") }}
        else {{ sorted_parts(trimmed(plain_letters(name, " ")), " ") }}
    end
{%- endmacro %}

{# A name that a letter can begin with: more than one word and no initial; in Chinese, Japanese, Korean two letters. #}
{% macro is_full_name(name) -%}
    case
        when {{ is_cjk(name) }} then length(replace({{ name }}, ' ', '')) > 1
        else {{ matches(trimmed(name), "\\S\\s+\\S") }} and not {{ matches(name, "(^|\\s)[A-Za-z]\\.?(\\s|$)") }}
    end
{%- endmacro %}

{#
  Two addresses with equal keys are one address: postcode (or city), the digits of the street and its first letters,
  so that "12 High St" and "12 High Street" agree; how the country is written does not count.
#}
{% macro address_key(street, city, postcode, country) -%}
    concat_ws(
        '|',
        coalesce({{ plain_letters(postcode, "") }}, {{ plain_letters(city, "") }}, {{ plain_letters(country, "") }}, ''),
        {{ replace_all("coalesce(" ~ street ~ ", '')", "[^0-9]+", "") }},
        substr({{ replace_all(plain_letters("coalesce(" ~ street ~ ", '')", ""), "[0-9]+", "") }}, 1, 3)
    )
{%- endmacro %}

{# Two words for a gender with equal keys say the same. #}
{% macro gender_key(gender) -%}
    case
        when lower({{ gender }}) in ('f', 'female', 'woman') then 'f'
        when lower({{ gender }}) in ('m', 'male', 'man') then 'm'
        else lower({{ gender }})
    end
{%- endmacro %}

{#
  Two streets in plain letters with equal keys are one house: its number, the first letter of each word, and the first
  three letters of all, so that "12 High St" and "12 High Street" agree, and "12 rue de la Paix" and "12 rue Hugo" do not.
  In Chinese, Japanese, Korean every letter counts. Null without a number.
#}
{% macro house_key(street) -%}
    case
        when not {{ matches(street, "[0-9]") }} then null
        when {{ is_cjk(street) }} then {{ street }}
        else
            substr({{ replace_all(street, "[0-9 ]+", "") }}, 1, 3) || ' '
            || {{ sorted_parts(word_starts(street), " ") }}
    end
{%- endmacro %}
