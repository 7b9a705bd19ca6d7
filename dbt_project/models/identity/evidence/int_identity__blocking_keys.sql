-- One row per profile state and key under which it meets others, with its place among them by age.
-- Each key joins two pieces of evidence, so that none pairs all Smiths, or a whole city, with each other.
{{ config(materialized=appendable(), pre_hook="{{ emptied_when_late() }}") }}
{% set adds = adds_evidence() %}
{% set year = "substr(cast(birth_date as string), 1, 4)" %}
{% set keys = [
    ("full_name", ["full_name"]),
    ("name_city", ["full_name", "city"]),
    ("name_year", ["full_name", year]),
    ("word_birth", ["family", "birth_date"]),
    ("word_birth", ["given", "birth_date"]),
    ("word_postcode", ["family", "postcode"]),
    ("word_postcode", ["given", "postcode"]),
    ("birth_postcode", ["birth_date", "postcode"]),
    ("birth_city", ["birth_date", "city"]),
    ("year_postcode", [year, "postcode"]),
    ("word_city", ["family", "substr(given, 1, 1)", "city"]),
    ("word_city", ["given", "substr(family, 1, 1)", "city"]),
    ("word_year", ["family", "substr(given, 1, 1)", year]),
    ("word_mailbox", ["family", "email_digits", "email_host"]),
    ("word_mailbox", ["given", "email_digits", "email_host"]),
    ("word_phone", ["family", "substr(phone, 1, 9)"]),
    ("word_phone", ["given", "substr(phone, 1, 9)"]),
    ("mail_local", ["split_part(email, '@', 1)"]),
    ("mail_letters", ["email_letters", "email_host"]),
    ("phone_start", ["substr(phone, 1, 8)", "phone_sorted"]),
    ("phone_end", ["right(phone, 5)", "phone_sorted"]),
    ("mail", ["email"]),
    ("phone", ["phone"]),
    ("street", ["street", "postcode"]),
] %}
with states as (
    select
        *,
        split_part(email, '@', 2) as email_host,
        {{ letters_of("split_part(email, '@', 1)") }} as email_letters,
        nullif({{ replace_all("email", "[^0-9]", "") }}, '') as email_digits,
        {{ sorted_parts("phone", "") }} as phone_sorted
    from {{ ref('int_identity__profile_states') }}
    {% if adds %}where known_at >= {{ former_instant() }}{% endif %}
),

keyed as (
    {% for key, parts in keys %}
    {{ "union all" if not loop.first }}
    select
        state_no,
        record_no,
        '{{ key }}' as key_type,
        {{ key_hash(["'" ~ key ~ "'"] + parts) }} as key_no
    from states
    where {{ parts | join(" is not null and ") }} is not null
    {% endfor %}
),

former as (
    {% if adds %}
    select
        key_no,
        max(place) as holders_count
    from {{ this }}
    where key_no in (select key_no from keyed)
    group by key_no
    {% else %}
    select
        cast(null as bigint) as key_no,
        cast(null as bigint) as holders_count
    where false
    {% endif %}
)

select
    keyed.state_no,
    keyed.record_no,
    keyed.key_type,
    keyed.key_no,
    coalesce(former.holders_count, 0) + row_number() over (partition by keyed.key_no order by keyed.state_no) as place
from keyed
left join former
    on keyed.key_no = former.key_no
