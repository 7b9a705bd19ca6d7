-- One row per pair of records whose own traits differ, with the days on which they do.
with doubts as (
    select
        left_record_no,
        right_record_no,
        weight,
        {{ first_midnight_after('known_at') }} as valid_from,
        {{ first_midnight_after('ended_at') }} as valid_to
    from {{ source('matched', 'doubts') }}
)

select * from doubts
where valid_to is null or valid_from < valid_to
