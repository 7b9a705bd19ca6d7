-- One row per version of a profile that as_of_date can see, without the values that nobody owns: patterns of junk, contacts that
-- strangers share, birth dates that cannot be or that stand for "not said". What is left out erases nothing said before.
{% set full_name = trimmed("coalesce(profiles.name, " ~ full_name("profiles.given_name", "profiles.family_name") ~ ")") %}
-- The oldest people on record lived a little longer than this.
{% set longest_life = "interval '120' year" %}
with profiles as (
    select
        *,
        {{ row_digest(golden_fields()) }} as row_digest,
        {{ identifier_form("'email'", 'email') }} as email_key
    from {{ ref('stg_profiles') }}
),

judged as (
    select
        people.record_no,
        people.customer_no,
        profiles.*,
        coalesce({{ is_junk('name', full_name) }}, false) as is_name_junk,
        emails.match_key is not null or {{ is_junk('email', 'profiles.email_key') }} as is_email_junk,
        phones.match_key is not null or {{ is_junk('phone', 'profiles.phone') }} as is_phone_junk,
        defaults.birth_date is not null
        or profiles.birth_date > cast(profiles.known_at as date)
        or profiles.birth_date < cast(profiles.known_at as date) - {{ longest_life }} as is_birth_date_junk
    from profiles
    inner join {{ ref('int_identity__customers_now') }} as people
        on profiles.source = people.source and profiles.source_key = people.source_key
    left join {{ ref('int_customer__blocked_contacts') }} as emails
        on people.customer_no = emails.customer_no and profiles.email_key = emails.match_key and emails.unit = 'email'
    left join {{ ref('int_customer__blocked_contacts') }} as phones
        on people.customer_no = phones.customer_no and profiles.phone = phones.match_key and phones.unit = 'phone'
    left join {{ ref('int_customer__default_birth_dates') }} as defaults
        on profiles.birth_date = defaults.birth_date
)

select
    record_no,
    customer_no,
    source,
    source_key,
    known_at,
    case when not is_name_junk then name end as name,
    case when not is_name_junk then given_name end as given_name,
    case when not is_name_junk then family_name end as family_name,
    case when not is_email_junk then email end as email,
    case when not is_phone_junk then phone end as phone,
    case when not is_birth_date_junk then birth_date end as birth_date,
    {%- for field in ["gender", "street", "city"] %}
    case when not ({{ is_junk(field, field) }}) then {{ field }} end as {{ field }},
    {%- endfor %}
    postcode,
    country,
    row_number() over (partition by record_no order by known_at asc, row_digest asc) as version_no
from judged
