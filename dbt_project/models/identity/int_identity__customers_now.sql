-- One row per record: the customer it belongs to at as_of_date.
select
    record_no,
    customer_no,
    customer_id,
    source,
    source_key
from {{ ref('customer_map') }}
where
    valid_from <= {{ as_of_date() }}
    and (valid_to is null or valid_to > {{ as_of_date() }})
