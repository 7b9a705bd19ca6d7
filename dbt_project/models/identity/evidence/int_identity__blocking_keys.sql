-- One row per profile state and key under which it meets others, with its place among them by age.
-- Each key joins two pieces of evidence, so that none pairs all Smiths, or a whole city, with each other.
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

placed as (
    select
        *,
        row_number() over (partition by key_no order by state_no) as place,
        count(*) over (partition by key_no) as holders_count
    from keyed
)

-- Most keys are held once: nobody is met under them.
select
    state_no,
    record_no,
    key_type,
    key_no,
    place
from placed
where holders_count > 1
