-- One row per customer and unit of which a record says something: the value chosen by the rules of the seed survivorship_rules,
-- the record it comes from, and the first rule that put it before the next best value.
{% set rules = survivorship_rules() %}
with
{%- for unit in golden_units() %}
{%- set order = survivorship_order(rules[unit]) %}
{{ unit }}_counted as (
    select
        *,
        count(*) over (partition by customer_no, match_key) as stated_by,
        count(*) over (partition by customer_no, match_key, shown_value) as form_stated_by,
        max(case when is_answered then 1 else 0 end) over (partition by customer_no, match_key) = 1
        or min(source) over (partition by customer_no, match_key) <> max(source) over (partition by customer_no, match_key) as is_verified
    from {{ ref('int_customer__stated_values') }}
    where unit = '{{ unit }}'
),

-- Each value is spoken for by the best of the records that state it.
{{ unit }}_values as (
    select
        *,
        row_number() over (partition by customer_no, match_key order by {{ order }}) as speaker_rank
    from {{ unit }}_counted
),

{{ unit }}_ranked as (
    select
        *,
        row_number() over (partition by customer_no order by {{ order }}) as value_rank,
        lead(match_key) over (partition by customer_no order by {{ order }}) as next_key
        {%- for rule in rules[unit] %},
        lead({{ survivorship_measures()[rule] }}) over (partition by customer_no order by {{ order }}) as next_{{ rule }}
        {%- endfor %}
    from {{ unit }}_values
    where speaker_rank = 1
),

{{ unit }}_chosen as (
    select
        *,
        case
            when next_key is null then 'only_value'
            {%- for rule in rules[unit] %}
            when {{ survivorship_measures()[rule] }} > next_{{ rule }} then '{{ rule }}'
            {%- endfor %}
            else 'tie_breaker'
        end as rule
    from {{ unit }}_ranked
    where value_rank = 1
),
{% endfor %}
chosen as (
    {% for unit in golden_units() %}
    {{ "union all" if not loop.first }}
    select
        customer_no,
        unit,
        shown_value as value,
        {%- for field in golden_fields() %}
        {{ field }},
        {%- endfor %}
        source,
        source_key,
        known_at,
        rule,
        is_verified,
        stated_by
    from {{ unit }}_chosen
    {%- endfor %}
)

select
    records.customer_id,
    chosen.*
from chosen
inner join {{ ref('int_identity__records') }} as records
    on chosen.customer_no = records.record_no
