-- One row per customer, unit, record and value: what each record of a customer says at as_of_date, and what the rules of
-- survivorship ask of it.
{% set born = "cast(birth_date as string)" %}
{% set address = "concat_ws(', ', street, city, postcode, country)" %}
{# Per unit: where it is stated, the text that is shown, the key by which two are the same, when it is usable. #}
{% set units = {
    "name": ("profiles", "full_name", name_key("full_name"), is_full_name("full_name")),
    "email": ("contacts", "shown_value", "match_key", "true"),
    "phone": ("contacts", "shown_value", "match_key", "true"),
    "birth_date": ("profiles", born, born, born ~ " not like '%-01-01'"),
    "gender": ("profiles", "gender", gender_key("gender"), "true"),
    "address": (
        "profiles", address, address_key("street", "city", "postcode", "country"),
        "street is not null and coalesce(city, postcode) is not null"
    ),
} %}
with profiles as (
    select
        *,
        coalesce(name, {{ full_name('given_name', 'family_name') }}) as full_name
    from {{ ref('int_record__profile_now') }}
),

contacts as (
    select
        *,
        case when unit = 'email' then shown_value end as email,
        case when unit = 'phone' then shown_value end as phone
    from {{ ref('int_record__contacts') }}
),

stated as (
    {% for unit, fields in golden_units().items() %}
    {%- set place, shown, key, usable = units[unit] %}
    {{ "union all" if not loop.first }}
    select
        customer_no,
        record_no,
        source,
        source_key,
        '{{ unit }}' as unit,
        {{ shown }} as shown_value,
        {{ key }} as match_key,
        coalesce({{ usable }}, false) as is_usable,
        {{ "known_at" if place == "contacts" else unit ~ "_known_at" }} as known_at
        {%- for field in golden_fields() %},
        {% if field == "name" and unit == "name" %}full_name
        {%- elif field in fields %}{{ field }}
        {%- else %}cast(null as {{ "date" if field == "birth_date" else "string" }})
        {%- endif %} as {{ field }}
        {%- endfor %},
        {%- for field in fields %}
        {{ "+ " if not loop.first }}case when {{ "full_name" if field == "name" else field }} is not null then 1 else 0 end
        {%- endfor %} as fields_stated
    from {{ place }}
    where {{ "unit = '" ~ unit ~ "'" if place == "contacts" else unit ~ "_known_at is not null" }}
    {%- endfor %}
),

-- The last message of a kind that shows the contact to be this person's (seed verifying_contacts).
answers as (
    select
        contacts.record_no,
        verifying.unit,
        max(contacts.occurred_at) as last_answered_at
    from {{ ref('fct_contacts') }} as contacts
    inner join {{ ref('verifying_contacts') }} as verifying
        on lower(contacts.channel) = verifying.channel and contacts.outcome = verifying.outcome
    where contacts.superseded_on is null
    group by contacts.record_no, verifying.unit
)

select
    stated.*,
    coalesce(answers.last_answered_at >= stated.known_at, false) as is_answered,
    -- Sources that nobody ranked come after all that somebody did.
    coalesce(own_priority.priority, any_priority.priority, 2147483647) as source_rank,
    stated.shown_value not in (lower(stated.shown_value), upper(stated.shown_value))
    or lower(stated.shown_value) = upper(stated.shown_value) as is_mixed_case,
    {{ matches('stated.shown_value', "[^\\x00-\\x7F]") }} as is_native_script
from stated
left join answers
    on stated.record_no = answers.record_no and stated.unit = answers.unit
left join {{ ref('source_priority') }} as own_priority
    on stated.source = own_priority.source and stated.unit = own_priority.unit
left join {{ ref('source_priority') }} as any_priority
    on stated.source = any_priority.source and any_priority.unit = '*'
