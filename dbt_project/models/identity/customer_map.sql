-- One row per record and stretch of days during which it belonged to one customer; valid_to null: still valid.
-- The intervals come from the merge tree over the edges, in the order in which these became known.
select
    records.source,
    records.source_key,
    resolved.record_no,
    resolved.head_record_no as customer_no,
    heads.customer_id,
    resolved.valid_from,
    resolved.valid_to
from {{ source('resolved', 'record_customers') }} as resolved
inner join {{ ref('int_identity__records') }} as records
    on resolved.record_no = records.record_no
inner join {{ ref('int_identity__records') }} as heads
    on resolved.head_record_no = heads.record_no
