-- One row per record and stretch of time in which its profile says the same of who it is, numbered by age.
-- A version that leaves a field empty does not erase what earlier ones said.
-- depends_on: {{ ref('junk_identifiers') }}, {{ ref('base_profiles') }}
{{ config(materialized=appendable(), unique_key=["record_no"], pre_hook="{{ emptied_when_late() }}") }}
{% set adds = adds_evidence() %}
{% set fields = ["given", "family", "full_name", "variants", "other_variants", "birth_date", "gender", "email", "phone"] %}
{% set fields = fields + ["street", "city", "postcode"] %}
with ordered as (
    select
        *,
        row_number() over (
            partition by source, source_key
            order by {{ version_rank('profiles') | join(" nulls first, ") }}
        ) as version_no
    from {{ rows_to_judge(ref('stg_profiles'), ['profiles'], adds) }}
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
        nullif({{ trimmed(plain_letters('ordered.street', ' ')) }}, '') as street,
        nullif({{ trimmed(plain_letters('ordered.city', ' ')) }}, '') as city,
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
        {{ last_stated(field, 'record_no', 'version_no') }} as {{ field }}
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
),

stated as (
    select
        *,
        lead(known_at) over (partition by record_no order by version_no) as ended_at,
        row_number() over (partition by record_no order by version_no) as place
    from compared
    where said_before is null or said <> said_before
),

-- What was stated before keeps its number; the news come behind it.
former as (
    {% if adds %}
    select
        record_no,
        state_no,
        row_number() over (partition by record_no order by state_no) as place
    from {{ this }}
    where record_no in (select record_no from stated)
    {% else %}
    select
        cast(null as bigint) as record_no,
        cast(null as bigint) as state_no,
        cast(null as bigint) as place
    {% endif %}
)

select
    cast(coalesce(former.state_no, {{ "(select coalesce(max(state_no), -1) + 1 from " ~ this ~ ") + " if adds }}sum(
        case when former.state_no is null then 1 else 0 end
    ) over (
        order by stated.known_at, stated.record_no, stated.version_no rows between unbounded preceding and current row
    ) - 1) as bigint) as state_no,
    stated.record_no,
    stated.known_at,
    stated.ended_at,
    stated.{{ fields | join(",\n    stated.") }}
from stated
left join former
    on stated.record_no = former.record_no and stated.place = former.place
