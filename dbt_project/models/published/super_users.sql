-- One row per super user: customers who keep buying and have proved to bring others, and staff who sell and bring; the strongest first.
with levels as (
    {{ levels_now() }}
),

chosen as (
    select
        scores.*,
        {{ significant('scores.score') }} as shown_score
    from {{ ref('int_customer__super_score') }} as scores
    left join levels
        on scores.customer_id = levels.customer_id
    where
        levels.level = 'super'
        or (
            scores.role = 'super_staff'
            and scores.sold_orders_count_365d > 0
            and scores.trusted_people_count > 0
            and scores.last_brought_at >= {{ as_of_date() }} - 365
        )
)

select
    chosen.customer_id,
    cast(row_number() over (order by chosen.shown_score desc, chosen.customer_id asc) as integer) as rank,
    chosen.role,
    chosen.shown_score as score,

    coalesce(bringing.people_reached_count, 0) as reach,
    coalesce(bringing.people_brought_count, 0) as brought,
    cast(coalesce(bringing.revenue_brought, 0) as decimal(18, 4)) as revenue_brought,
    coalesce(bringing.downstream_people_count, 0) as downstream_people,
    cast(coalesce(bringing.downstream_revenue, 0) as decimal(18, 4)) as downstream_revenue,

    chosen.orders_count_365d as own_orders_count_365d,
    cast(chosen.orders_amount_365d as decimal(18, 4)) as own_amount_365d,
    chosen.sold_orders_count_365d,
    cast(chosen.sold_amount_365d as decimal(18, 4)) as sold_amount_365d,

    'ordered on ' || {{ counted('chosen.order_days_count_365d', 'day', 'days') }} || ' of the last 365'
    || case when chosen.sold_orders_count_365d > 0
        then ', sold ' || {{ counted('chosen.sold_orders_count_365d', 'order', 'orders') }} else '' end
    || ', brought ' || {{ counted('coalesce(bringing.people_brought_count, 0)', 'person', 'people') }}
    || case when bringing.buyers_brought_count > 0
        then ' who bought for ' || cast(cast(bringing.revenue_brought as decimal(18, 2)) as string) else '' end
    || case when bringing.doubted_people_count > 0
        then ' (' || cast(bringing.doubted_people_count as string) || ' in doubt)' else '' end as reason
from chosen
left join {{ ref('int_customer__bringing') }} as bringing
    on chosen.customer_no = bringing.customer_no
