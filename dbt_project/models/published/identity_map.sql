-- One row per record and stretch of days during which it belonged to one customer; valid_to null: still valid.
select
    source,
    source_key,
    valid_from,
    valid_to,
    customer_id
from {{ ref('customer_map') }}
