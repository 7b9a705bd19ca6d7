-- One row per super user: customers who keep buying and have proved to bring others, the strongest first.
select
    customer_id,
    cast(row_number() over (order by revenue_brought desc, people_brought_count desc, customer_id asc) as integer) as rank,
    case when concat(',', roles, ',') like '%,staff,%' then 'super_staff' else 'super_user' end as role,
    people_reached_count as reach,
    people_brought_count as brought,
    revenue_brought
from {{ ref('customers') }}
where level = 'super'
