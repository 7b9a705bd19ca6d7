-- One row per record and stretch of time in which its profile says the same of who it is, numbered by age.
-- A version that leaves a field empty does not erase what earlier ones said.
-- depends_on: {{ ref('junk_identifiers') }}
{% set fields = ["given", "family", "full_name", "variants", "other_variants", "birth_date", "gender", "email", "phone"] %}
{% set fields = fields + ["street", "city", "postcode"] %}
with ordered as (
    select
        *,
        row_number() over (
            partition by source, source_key
            order by {{ version_rank('profiles') | join(" nulls first, ") }}
        ) as version_no
    from {{ ref('stg_profiles') }}
),

versions as (
    select
        records.record_no,
        ordered.version_no,
        ordered.known_at,
        forms.given,
        forms.family,
        forms.full_name,
        case when forms.given is not null then forms.variants end as variants,
        case when forms.given is not null then forms.other_variants end as other_variants,
        case when not {{ is_junk("birth_date", "cast(ordered.birth_date as string)") }} then ordered.birth_date end as birth_date,
        lower(substr(ordered.gender, 1, 1)) as gender,
        case when mailboxes.crossed_at is null or ordered.known_at < mailboxes.crossed_at then emails.id_value end as email,
        case when numbers.crossed_at is null or ordered.known_at < numbers.crossed_at then phones.id_value end as phone,
        nullif(trim({{ plain_letters('ordered.street', ' ') }}), '') as street,
        nullif(trim({{ plain_letters('ordered.city', ' ') }}), '') as city,
        nullif({{ plain_letters('ordered.postcode', '') }}, '') as postcode
    from ordered
    inner join {{ ref('int_identity__records') }} as records
        on ordered.source = records.source and ordered.source_key = records.source_key
    left join {{ source('control', 'name_forms') }} as forms
        on
            coalesce(ordered.name, '') = forms.name
            and coalesce(ordered.given_name, '') = forms.given_name
            and coalesce(ordered.family_name, '') = forms.family_name
    -- Only values that somebody owns: junk is no identifier, and what too many share is nobody's any more.
    left join {{ ref('int_identity__identifiers') }} as emails
        on
            records.record_no = emails.record_no
            and emails.id_type = 'email'
            and {{ identifier_form("'email'", 'ordered.email') }} = emails.id_value
    left join {{ ref('int_identity__identifiers') }} as phones
        on
            records.record_no = phones.record_no
            and phones.id_type = 'phone'
            and ordered.phone = phones.id_value
    left join {{ ref('int_identity__holders') }} as mailboxes
        on
            emails.record_no = mailboxes.record_no
            and emails.id_type = mailboxes.id_type
            and emails.id_value = mailboxes.id_value
    left join {{ ref('int_identity__holders') }} as numbers
        on
            phones.record_no = numbers.record_no
            and phones.id_type = numbers.id_type
            and phones.id_value = numbers.id_value
),

filled as (
    select
        record_no,
        version_no,
        known_at
        {%- for field in fields %},
        {{ last_stated(field) }} over (
            partition by record_no order by version_no rows between unbounded preceding and current row
        ) as {{ field }}
        {%- endfor %}
    from versions
),

compared as (
    select
        *,
        {{ row_digest(fields) }} as said,
        lag({{ row_digest(fields) }}) over (partition by record_no order by version_no) as said_before
    from filled
    where given is not null or email is not null or phone is not null
)

select
    cast(row_number() over (order by known_at, record_no, version_no) - 1 as bigint) as state_no,
    record_no,
    known_at,
    lead(known_at) over (partition by record_no order by version_no) as ended_at,
    {{ fields | join(",\n    ") }}
from compared
where said_before is null or said <> said_before
