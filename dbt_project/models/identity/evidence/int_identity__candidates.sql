-- One row per pair of profile states of two records that are worth a comparison, the younger one second: they share a
-- blocking key, or an identifier. Under each key its first few holders meet: one that many share says too little to
-- compare them all, and who comes later never changes who met before. Two states that an identifier brings together
-- meet when both records are known to hold it, however long the states themselves are known.
{{ config(materialized=appendable(), pre_hook="{{ emptied_when_late() }}") }}
{% set adds = adds_evidence() %}
{% set holders = 30 %}
with states as (
    select
        state_no,
        record_no,
        known_at
    from {{ ref('int_identity__profile_states') }}
),

met as (
    select
        older.state_no as left_state_no,
        younger.state_no as right_state_no,
        cast(null as timestamp) as shared_since
    from {{ ref('int_identity__blocking_keys') }} as older
    inner join {{ ref('int_identity__blocking_keys') }} as younger
        on
            older.key_no = younger.key_no
            and older.place < younger.place
            and younger.place <= {{ holders }}
            and older.record_no <> younger.record_no
    {% if adds %}
    inner join states as news
        on younger.state_no = news.state_no and news.known_at >= {{ former_instant() }}
    {% endif %}

    union all
    select
        least(lefts.state_no, rights.state_no) as left_state_no,
        greatest(lefts.state_no, rights.state_no) as right_state_no,
        sharing.known_at as shared_since
    from {{ ref('int_identity__sharing') }} as sharing
    inner join states as lefts
        on sharing.left_record_no = lefts.record_no
    inner join states as rights
        on sharing.right_record_no = rights.record_no
    {% if adds %}
    where greatest(sharing.known_at, lefts.known_at, rights.known_at) >= {{ former_instant() }}
    {% endif %}
)

select
    met.left_state_no,
    met.right_state_no,
    min(greatest(youngers.known_at, coalesce(met.shared_since, youngers.known_at))) as known_at
from met
inner join states as youngers
    on met.right_state_no = youngers.state_no
{% if adds %}
-- Who met before has met earlier.
left join {{ this }} as former
    on met.left_state_no = former.left_state_no and met.right_state_no = former.right_state_no
where former.left_state_no is null
{% endif %}
group by met.left_state_no, met.right_state_no
