-- One row per customer who lives with others, as far as is known: the household, named after its earliest customer.
select
    households.customer_no,
    'h' || substr(heads.customer_id, 2) as household_id,
    count(*) over (partition by households.head_customer_no) as household_size
from {{ source('resolved', 'households') }} as households
inner join {{ ref('int_identity__records') }} as heads
    on households.head_customer_no = heads.record_no
