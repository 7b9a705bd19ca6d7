-- One row per decision of a person about a pair of records, with the days it holds: until the next one.
-- Two decisions of the same instant contradict each other: `different` wins, it does less harm.
with decided as (
    select
        least(lefts.record_no, rights.record_no) as left_record_no,
        greatest(lefts.record_no, rights.record_no) as right_record_no,
        links.known_at,
        max(case when links.decision = 'different' then 1 else 0 end) = 1 as is_different
    from {{ ref('stg_links') }} as links
    inner join {{ ref('int_identity__records') }} as lefts
        on links.left_source = lefts.source and links.left_key = lefts.source_key
    inner join {{ ref('int_identity__records') }} as rights
        on links.right_source = rights.source and links.right_key = rights.source_key
    where lefts.record_no <> rights.record_no
    group by
        least(lefts.record_no, rights.record_no),
        greatest(lefts.record_no, rights.record_no),
        links.known_at
),

intervals as (
    select
        left_record_no,
        right_record_no,
        is_different,
        known_at,
        lead(known_at) over (partition by left_record_no, right_record_no order by known_at) as ended_at
    from decided
)

select
    *,
    {{ first_midnight_after('known_at') }} as valid_from,
    {{ first_midnight_after('ended_at') }} as valid_to
from intervals
