-- One row per pair of records that share a value of a type while it is evidence.
-- Holders meet at most the last `window` that came before them.
{% set window = 30 %}
with holders as (
    select * from {{ ref('int_identity__holders') }}
    where
        record_no is not null
        and holder_rank <= sharing_limit
        and (crossed_at is null or known_at < crossed_at)
)

select
    least(older.record_no, younger.record_no) as left_record_no,
    greatest(older.record_no, younger.record_no) as right_record_no,
    older.id_type,
    min(younger.known_at) as known_at
from holders as older
inner join holders as younger
    on
        older.id_type = younger.id_type
        and older.id_value = younger.id_value
        and older.holder_rank < younger.holder_rank
        and older.holder_rank >= younger.holder_rank - {{ window }}
group by least(older.record_no, younger.record_no), greatest(older.record_no, younger.record_no), older.id_type
