"""What `kith who` asks. PERSON and NAMED make the temporary tables `person` and `named` that the other queries read."""

PERSON = """
    create or replace temp table person as
    select record_no, valid_from
    from resolved.record_customers
    where head_record_no = ? and valid_to is null
"""

# The records that will be named: as people call them, with the customer each is now and the name it last stated.
NAMED = """
    create or replace temp table named as
    with pairs as (
        select left_record_no, right_record_no from identity.int_identity__decisions
        union all
        select left_record_no, right_record_no from identity.int_identity__doubts
        union all
        select left_record_no, right_record_no from resolved.refused_edges
    ),

    concerned as (
        select record_no from person
        union
        select right_record_no from pairs semi join person on pairs.left_record_no = person.record_no
        union
        select left_record_no from pairs semi join person on pairs.right_record_no = person.record_no
        union
        select mapped.record_no
        from resolved.record_customers as mapped semi join person on mapped.head_record_no = person.record_no
    ),

    records as (
        select records.*
        from identity.int_identity__records as records semi join concerned using (record_no)
    ),

    names as (
        select source, source_key, coalesce(name, nullif(concat_ws(' ', given_name, family_name), '')) as stated_name
        from staging.stg_profiles semi join records using (source, source_key)
        where stated_name is not null
        qualify row_number() over (partition by source, source_key order by known_at desc, stated_name) = 1
    )

    select records.record_no, records.source || ':' || records.source_key as label, names.stated_name as name,
        records.known_at, mapped.head_record_no, heads.customer_id as now_id
    from records
    inner join resolved.record_customers as mapped
        on records.record_no = mapped.record_no and mapped.valid_to is null
    inner join identity.int_identity__records as heads on mapped.head_record_no = heads.record_no
    left join names on records.source = names.source and records.source_key = names.source_key
"""

RECORDS = """
    select person.record_no, named.label, named.name, named.known_at, person.valid_from
    from person
    inner join named using (record_no)
    order by person.record_no
"""

# One row per holder, among the person's records, of a value that at least two of them hold, as long as it is evidence.
VALUES = """
    with holders as (
        select *, count(*) filter (record_no in (select record_no from person)) over of_value as held_here,
            count(record_no) over of_value as held
        from identity.int_identity__holders
        where crossed_at is null and (id_type, id_value) in (
            select (id_type, id_value) from identity.int_identity__holders semi join person using (record_no)
        )
        window of_value as (partition by id_type, id_value)
    )

    select holders.id_type, holders.id_value, holders.held - holders.held_here as held_elsewhere, named.label,
        holders.known_at
    from holders
    semi join person using (record_no)
    inner join named using (record_no)
    where holders.held_here > 1
    order by holders.id_type, holders.id_value, holders.holder_rank
"""

# Values that the person's records state and that are no evidence.
BLOCKED = """
    with stated as (
        select record_no, id_type, id_value from identity.int_identity__stated_values
        union
        select record_no, trait, stated from identity.int_identity__traits
    )

    select blocked.id_type, blocked.id_value, blocked.meaning, blocked.blocked_from, blocked.holders_count,
        list(named.label order by named.record_no)
    from stated
    semi join person using (record_no)
    inner join named using (record_no)
    inner join identity.int_identity__blocked_values as blocked
        on stated.id_type = blocked.id_type and stated.id_value = blocked.id_value
    group by all
    order by blocked.blocked_from, blocked.id_type, blocked.id_value, blocked.meaning
"""

DECISIONS = """
    with said as (
        select least(l.record_no, r.record_no) as left_record_no, greatest(l.record_no, r.record_no) as right_record_no,
            links.known_at, links.decision = 'different' as is_different,
            string_agg(distinct links.decided_by, ', ' order by links.decided_by) as decided_by
        from staging.stg_links as links
        inner join identity.int_identity__records as l
            on links.left_source = l.source and links.left_key = l.source_key
        inner join identity.int_identity__records as r
            on links.right_source = r.source and links.right_key = r.source_key
        group by all
    )

    select l.label, r.label, l.now_id, r.now_id, decisions.is_different, decisions.known_at, said.decided_by,
        decisions.valid_from, decisions.valid_to
    from identity.int_identity__decisions as decisions
    inner join named as l on decisions.left_record_no = l.record_no
    inner join named as r on decisions.right_record_no = r.record_no
    left join said
        on decisions.left_record_no = said.left_record_no and decisions.right_record_no = said.right_record_no
        and decisions.known_at = said.known_at and decisions.is_different = said.is_different
    where decisions.left_record_no in (select record_no from person)
        or decisions.right_record_no in (select record_no from person)
    order by decisions.known_at, l.label, r.label
"""

# One row per piece of evidence between the person and somebody else that was refused.
REFUSALS = """
    with refused as (
        select *, left_record_no in (select record_no from person) as is_left
        from resolved.refused_edges
        where is_left or right_record_no in (select record_no from person)
    ),

    sides as (
        select if(is_left, left_record_no, right_record_no) as own_no,
            if(is_left, right_record_no, left_record_no) as other_no,
            left_record_no, right_record_no, reason, why
        from refused
    )

    select other.now_id, sides.why, own.label, other.label, other.name, sides.reason,
        string_agg(distinct theirs.id_value, ', ' order by theirs.id_value) as shared,
        any_value(pairs.match_weight) as match_weight,
        (
            select count(*) from resolved.record_customers
            where head_record_no = any_value(other.head_record_no) and valid_to is null
        ) as other_records
    from sides
    inner join named as own on sides.own_no = own.record_no
    inner join named as other on sides.other_no = other.record_no
    left join identity.int_identity__holders as mine
        on sides.own_no = mine.record_no and sides.reason = mine.id_type
    left join identity.int_identity__holders as theirs
        on sides.other_no = theirs.record_no and mine.id_type = theirs.id_type and mine.id_value = theirs.id_value
    left join matched.pairs as pairs
        on sides.reason = 'match' and sides.left_record_no = pairs.left_record_no
        and sides.right_record_no = pairs.right_record_no
    group by other.now_id, sides.why, own.label, other.label, other.name, sides.reason, sides.own_no, sides.other_no
    order by other.now_id, sides.why, sides.own_no, sides.other_no, sides.reason
"""

# Pairs whose own traits differ and at least one of which is the person's, the plainest first.
DOUBTS = """
    with present as (
        select *, concat_ws(', ', concat_ws(' ', given, family), birth_date) as says
        from identity.int_identity__profile_states
        where ended_at is null
    )

    select l.now_id, r.now_id, l.label, r.label,
        coalesce(nullif(says_l.says, ''), 'nothing'), coalesce(nullif(says_r.says, ''), 'nothing'), doubts.weight
    from identity.int_identity__doubts as doubts
    inner join named as l on doubts.left_record_no = l.record_no
    inner join named as r on doubts.right_record_no = r.record_no
    left join present as says_l on doubts.left_record_no = says_l.record_no
    left join present as says_r on doubts.right_record_no = says_r.record_no
    where doubts.valid_to is null
        and (doubts.left_record_no in (select record_no from person)
            or doubts.right_record_no in (select record_no from person))
    order by doubts.weight, doubts.left_record_no, doubts.right_record_no
"""

MERGES = """
    select merges.merged_on, retired.customer_id, surviving.customer_id, merges.reason
    from resolved.merges as merges
    semi join person on merges.retired_record_no = person.record_no
    inner join identity.int_identity__records as retired on merges.retired_record_no = retired.record_no
    inner join identity.int_identity__records as surviving on merges.surviving_record_no = surviving.record_no
    order by merges.merged_on, merges.retired_record_no
"""

# Records that were with somebody else before, and records that were here and are somebody else now.
MOVES = """
    with former as (
        select mapped.*, mapped.record_no in (select record_no from person) as is_here,
            mapped.head_record_no in (select record_no from person) as was_here
        from resolved.record_customers as mapped
        where mapped.valid_to is not null and is_here <> was_here
    )

    select named.label, former.is_here, if(former.is_here, heads.customer_id, named.now_id),
        former.valid_from, former.valid_to
    from former
    inner join named using (record_no)
    inner join identity.int_identity__records as heads on former.head_record_no = heads.record_no
    order by former.valid_from, former.record_no
"""

CHOSEN = """
    select unit, value, source || ':' || source_key, known_at, rule
    from relationship.int_customer__golden_choices
    where customer_no = ? and value is not null
    order by unit
"""
