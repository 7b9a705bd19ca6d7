-- One row per purpose and customer who is held out there, or whose records come from ids of both groups.
select
    purpose,
    customer_id,
    {{ adapter.quote("group") }},
    is_mixed
from {{ ref('int_activation__holdouts') }}
