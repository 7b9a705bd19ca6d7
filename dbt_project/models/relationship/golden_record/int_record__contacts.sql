-- One row per record and e-mail or phone it states at as_of_date, from its profile and its identifiers, junk left out.
with identifiers as (
    select
        people.record_no,
        people.customer_no,
        identifiers.source,
        identifiers.source_key,
        lower(identifiers.id_type) as unit,
        case when lower(identifiers.id_type) = 'phone' then numbers.e164 else lower(identifiers.id_value) end as shown_value,
        identifiers.known_at
    from {{ ref('stg_identifiers') }} as identifiers
    inner join {{ ref('int_identity__customers_now') }} as people
        on identifiers.source = people.source and identifiers.source_key = people.source_key
    left join {{ source('control', 'phone_numbers') }} as numbers
        -- One equality: with a condition on the left side beside it, every row meets every other.
        on numbers.raw = case when lower(identifiers.id_type) = 'phone' then identifiers.id_value end
    where lower(identifiers.id_type) = 'phone' or (lower(identifiers.id_type) = 'email' and identifiers.id_value like '%_@_%._%')
),

stated as (
    {% for unit in ["email", "phone"] %}
    select
        record_no,
        customer_no,
        source,
        source_key,
        '{{ unit }}' as unit,
        {{ unit }} as shown_value,
        {{ unit }}_known_at as known_at
    from {{ ref('int_record__profile_now') }}

    union all
    {% endfor %}
    select * from identifiers
),

normalised as (
    select
        *,
        {{ identifier_form('unit', 'shown_value') }} as match_key
    from stated
    where shown_value is not null
),

-- A record may say the same twice, here and there: it has said so since the first time.
ranked as (
    select
        normalised.*,
        row_number() over (
            partition by normalised.record_no, normalised.unit, normalised.match_key
            order by normalised.known_at asc, normalised.shown_value asc
        ) as statement_rank
    from normalised
    left join {{ ref('int_customer__blocked_contacts') }} as blocked
        on
            normalised.customer_no = blocked.customer_no
            and normalised.unit = blocked.unit
            and normalised.match_key = blocked.match_key
    where
        blocked.match_key is null
        and case when normalised.unit = 'email' then not ({{ is_junk('email', 'normalised.match_key') }})
            else not ({{ is_junk('phone', 'normalised.match_key') }}) end
)

select
    record_no,
    customer_no,
    source,
    source_key,
    unit,
    shown_value,
    match_key,
    known_at
from ranked
where statement_rank = 1
