-- One row per customer who brought somebody: whom it reached and brought, and all that grew below it.
select
    people.customer_id,

    bringing.people_reached_count as reach,
    bringing.people_brought_count as brought,
    bringing.buyers_brought_count as brought_who_bought,
    bringing.doubted_people_count as suspicious_brought,
    bringing.downstream_people_count as downstream_people,
    cast(bringing.tree_depth as integer) as tree_depth,

    cast(bringing.revenue_brought as decimal(18, 4)) as revenue_brought,
    cast(bringing.downstream_revenue as decimal(18, 4)) as downstream_revenue,

    bringing.first_brought_at,
    bringing.last_brought_at
from {{ ref('int_customer__bringing') }} as bringing
inner join {{ ref('int_identity__customers_now') }} as people
    on bringing.customer_no = people.record_no
where bringing.people_brought_count > 0
