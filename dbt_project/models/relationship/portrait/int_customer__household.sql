-- One row per customer who lives with others, as far as is known: the household, named after its earliest customer.
with buyers as (
    select distinct customer_no
    from {{ ref('int_customer__order_days') }}
)

select
    households.customer_no,
    'h' || substr(heads.customer_id, 2) as household_id,
    count(*) over (partition by households.head_customer_no) as household_size,
    count(buyers.customer_no) over (partition by households.head_customer_no) as household_buyers_count,
    case when buyers.customer_no is not null then 1 else 0 end as is_buyer
from {{ source('resolved', 'households') }} as households
inner join {{ ref('int_identity__records') }} as heads
    on households.head_customer_no = heads.record_no
left join buyers
    on households.customer_no = buyers.customer_no
