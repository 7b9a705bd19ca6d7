{# An e-mail address in its one form: dots and plus parts do not tell two Gmail mailboxes apart. #}
{% macro plain_email(email) -%}
    case
        when {{ matches("lower(" ~ email ~ ")", "'@(gmail|googlemail)[.]com$'") }}
            then replace(split_part(split_part(lower({{ email }}), '@', 1), '+', 1), '.', '') || '@gmail.com'
        else lower({{ email }})
    end
{%- endmacro %}
