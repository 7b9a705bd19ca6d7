-- One row per profile state and key under which it meets others, with its place among them by age.
-- Each key joins two pieces of evidence, so that none pairs all Smiths, or a whole city, with each other.
{% set year = "substr(cast(birth_date as varchar), 1, 4)" %}
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
    ("word_mailbox", ["family", "substr(email, 1, 8)"]),
    ("word_mailbox", ["given", "substr(email, 1, 8)"]),
    ("word_phone", ["family", "substr(phone, 1, 9)"]),
    ("word_phone", ["given", "substr(phone, 1, 9)"]),
    ("mail_local", ["split_part(email, '@', 1)"]),
    ("mail_letters", [letters_of("split_part(email, '@', 1)"), "split_part(email, '@', 2)"]),
    ("phone_start", ["substr(phone, 1, 8)", sorted_parts("phone", "")]),
    ("phone_end", ["right(phone, 5)", sorted_parts("phone", "")]),
    ("mail", ["email"]),
    ("phone", ["phone"]),
    ("street", ["street", "postcode"]),
] %}
with keyed as (
    {% for key, parts in keys %}
    {{ "union all" if not loop.first }}
    select
        state_no,
        record_no,
        '{{ key }}' as key_type,
        {{ row_number_hash(["'" ~ key ~ "'"] + parts) }} as key_no
    from {{ ref('int_identity__profile_states') }}
    where {% for part in parts %}{{ "and " if not loop.first }}{{ part }} is not null {% endfor %}
    {% endfor %}
)

select
    state_no,
    record_no,
    key_type,
    key_no,
    row_number() over (partition by key_no order by state_no) as place
from keyed
