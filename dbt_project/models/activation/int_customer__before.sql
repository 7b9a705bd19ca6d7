-- One row per customer of the version before: who it is now; customer_id null: no record is known by that id any more.
select
    former.customer_id as former_id,
    people.customer_id
from {{ source('control', 'customers_before') }} as former
left join {{ ref('int_identity__records') }} as heads
    on former.customer_id = heads.customer_id
left join {{ ref('int_identity__customers_now') }} as people
    on heads.record_no = people.record_no
