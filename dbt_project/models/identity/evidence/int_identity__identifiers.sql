-- One row per record and identifying value it holds, normalised; values that nobody owns are left out.
select
    record_no,
    id_type,
    id_value,
    known_at
from {{ ref('int_identity__stated_values') }}
where junk is null
