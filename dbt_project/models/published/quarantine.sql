-- One row per refused column of a landed row: where it is and why, never the value.
select
    entity,
    file,
    file_row as {{ adapter.quote("row") }},
    column_name as {{ adapter.quote("column") }},
    reason
from {{ ref('quarantine_rows') }}
