-- One row per customer and tag, with the evidence for it.
select
    customer_id,
    tag,
    tag_value as value,
    evidence
from {{ ref('int_customer__tags') }}
