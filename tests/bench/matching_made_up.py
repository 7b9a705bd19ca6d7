"""A made-up brand for the matcher, written in SQL: records and what their profiles say of who they are.

People have one to six records. Names, cities and mailboxes follow Zipf's law with a long tail; a quarter of the
people live with another one, mostly of the same family name, and some share a mailbox or a phone with them.
A record states some fields, sometimes of an old address, and some of them with a slip of the hand.
Draws are hashes of numbers, so a size gives the same rows each time.
"""

from __future__ import annotations

import duckdb

AS_OF_DATE = "2026-01-01"
RECORDS_PER_PERSON = 2.14
_DRAWS = """
create or replace macro draw(topic, id) as (hash(topic, id) % 1000000007) / 1000000007.0;
create or replace macro zipf(count, flatness, topic, id) as
    cast(floor(flatness * (pow(count / flatness + 1, draw(topic, id)) - 1)) as bigint);
create or replace macro word(topic, id, syllables) as array_to_string([
    ['ba', 'ber', 'chi', 'dan', 'do', 'el', 'fin', 'ga', 'han', 'jo', 'kra', 'lin', 'ma', 'mor', 'ne', 'ol',
     'pe', 'qua', 'ri', 'sa', 'sten', 'ta', 'tho', 'ur', 'van', 'wil', 'xa', 'yo', 'zie'
    ][1 + cast(hash(topic, id, place) % 29 as bigint)] for place in range(syllables)], '');
-- One letter left out, where a draw says so.
create or replace macro slip(text, rate, topic, id) as case
    when draw(topic, id) < rate and length(text) > 3
        then substr(text, 1, 1 + cast(hash(topic, id, 'place') % (length(text) - 2) as integer))
            || substr(text, 3 + cast(hash(topic, id, 'place') % (length(text) - 2) as integer))
    else text end;
create or replace macro digits(count, topic, id) as
    lpad(cast(hash(topic, id) % cast(pow(10, count) as bigint) as varchar), count, '0');
"""
_PEOPLE = """
create or replace temp table people as
with numbered as (
    select range as person, case when draw('with another', range) < 0.25 then range - range % 2 else range end as home
    from range({people})
),

named as (
    select *,
        word('given', zipf(5000, 10, 'given', person), 2) as given,
        word('family', zipf(200000, 10, 'family', if(draw('one name', person) < 0.75, home, person)), 3) as family,
        hash('postcode', home) % ({people} // 40 + 1) as area
    from numbered
),

reached as (
    select *,
        given || case when draw('dot', person) < 0.5 then '.' else '' end || family
            || if(draw('digits', person) < 0.6, digits(2, 'mailbox', person), digits(4, 'mailbox', person))
            || '@' || word('host', zipf(50, 2, 'host', person), 2) || '.example' as own_email
    from named
)

select *,
    date '1935-01-01' + cast(27000 * draw('birth', person) as integer) as birth_date,
    if(draw('gender', person) < 0.5, 'f', 'm') as gender,
    case when draw('home email', person) < 0.15
        then first_value(own_email) over (partition by home order by person) else own_email end as email,
    '+44' || digits(10, 'phone', case when draw('home phone', person) < 0.1 then home else person end) as phone,
    cast(1 + hash('number', home) % 150 as varchar) || ' ' || word('street', hash('street', home) % 3000, 3) as street,
    'p' || cast(area as varchar) as postcode,
    word('city', zipf(2000, 3, 'city', area), 3) as city
from reached
"""
_STATES = """
create or replace temp table drawn as
with stated as (
    -- A record's number among all records of all people; its states follow each other.
    select people.*, person * 16 + place * 2 as record, unnest(
        if(draw('changed', person * 16 + place * 2) < 0.05, [0, 1], [0])
    ) as version
    from people, lateral (select unnest(range(1 + least(5, cast(floor(ln(draw('records', person) + 1e-9) / ln(0.55))
        as bigint)))) as place)
),

dated as (
    select *, record + version as state,
        timestamp '2020-01-01' + to_seconds(cast(130000000 * draw('known', record) as bigint) + 5000000 * version)
            as known_at,
        draw('moved', record) < 0.1 and version = 0 as is_elsewhere
    from stated
),

said as (
    select record, version, known_at,
        case when draw('named', record) < 0.92 then
            case when draw('initial', record) < 0.04 then substr(given, 1, 1)
            else slip(given, 0.02, 'slip given', state) end end as given,
        case when draw('named', record) < 0.92 and draw('one name', record) > 0.02
            then slip(family, 0.04, 'slip family', state) end as family,
        case when draw('birth', record) < 0.45
            then birth_date + if(draw('slip birth', record) < 0.02, 1, 0) end as birth_date,
        case when draw('gender', record) < 0.5 then gender end as gender,
        case when draw('email', record) < 0.6 then slip(email, 0.02, 'slip email', state) end as email,
        case when draw('phone', record) < 0.5 then slip(phone, 0.01, 'slip phone', state) end as phone,
        case when draw('address', record) < 0.5 then if(is_elsewhere, street || ' old', street) end as street,
        case when draw('address', record) < 0.5
            then if(is_elsewhere, postcode || digits(1, 'old', record), postcode) end as postcode,
        case when draw('address', record) < 0.6 then
            if(is_elsewhere, word('city', zipf(2000, 3, 'old city', record), 3), city) end as city
    from dated
),

swapped as (
    select * replace (
        if(draw('swap', record) < 0.02 and family is not null, family, given) as given,
        if(draw('swap', record) < 0.02 and family is not null, given, family) as family)
    from said
)

select *, dense_rank() over (order by first_known_at, record) - 1 as record_no
from (select *, min(known_at) over (partition by record) as first_known_at from swapped)
"""
_TABLES = {
    "identity.int_identity__records": """
        select record_no, 'made-up' as source, cast(any_value(record) as varchar) as source_key,
            min(known_at) as known_at, cast(min(known_at) as date) + 1 as entered_on,
            'c' || cast(record_no as varchar) as customer_id
        from drawn group by record_no order by record_no""",
    "identity.int_identity__profile_states": """
        select cast(row_number() over (order by known_at, record_no, version) - 1 as bigint) as state_no,
            record_no, known_at, lead(known_at) over (partition by record_no order by version) as ended_at,
            given, family, case when length(given) > 1 and family is not null
                then least(given, family) || ' ' || greatest(given, family) end as full_name,
            case when given is not null then [given] end as variants,
            case when given is not null then cast([] as varchar[]) end as other_variants,
            birth_date, gender, email, phone, street, city, postcode
        from drawn where coalesce(given, email, phone) is not null""",
    "identity.int_identity__identifiers": """
        select record_no, 'email' as id_type, email as id_value, min(known_at) as known_at from drawn
        where email is not null group by all
        union all
        select record_no, 'phone', phone, min(known_at) from drawn where phone is not null group by all""",
    "identity.int_identity__traits": """
        select record_no, 'made-up' as source, trait, stated, known_at, cast(null as varchar) as junk from (
            select record_no, known_at, unnest(['name', 'birth_date']) as trait,
                unnest([given || ' ' || family, cast(birth_date as varchar)]) as stated
            from drawn where version = 0)
        where stated is not null""",
    "identity.int_identity__decisions": """
        select 0::bigint as left_record_no, 0::bigint as right_record_no, known_at, false as is_different,
            known_at as ended_at, cast(known_at as date) as valid_from, cast(known_at as date) as valid_to
        from drawn limit 0""",
}


def write_made_up_brand(connection: duckdb.DuckDBPyConnection, records: int) -> None:
    """Write the tables that the matcher reads, of about so many records, into a warehouse."""
    connection.execute(_DRAWS)
    people = max(2, round(records / RECORDS_PER_PERSON))
    connection.execute(_PEOPLE.format(people=people))
    connection.execute(_STATES)
    connection.execute("create schema if not exists identity")
    for name, query in _TABLES.items():
        connection.execute(f"create or replace table {name} as {query}")
    connection.execute("drop table drawn")
    connection.execute("drop table people")
