-- One row per customer who may be profiled: how it stands in both halves of being a super user.
with trading as (
    select
        *,
        case when order_days_count_365d > 0 then
            cume_dist() over (partition by case when order_days_count_365d > 0 then 1 else 0 end order by order_days_count_365d)
        end as buying_place,
        case when sold_days_count_365d > 0 then
            cume_dist() over (partition by case when sold_days_count_365d > 0 then 1 else 0 end order by sold_days_count_365d)
        end as selling_place
    from {{ ref('int_customer__trade') }}
),

bringing as (
    select
        *,
        cume_dist() over (order by people_brought_count - doubted_people_count, trusted_revenue_brought) as bringing_place
    from {{ ref('int_customer__bringing') }}
    where people_brought_count > 0
),

people as (
    select
        roles.customer_no,
        roles.customer_id,
        case
            when {{ has_role('roles.roles', "'staff'") }} or {{ has_role('roles.roles', "'seller'") }}
                then 'super_staff'
            else 'super_user'
        end as role
    from {{ ref('int_customer__roles') }} as roles
    left join {{ ref('int_customer__refusals') }} as refusals
        on roles.customer_id = refusals.customer_id
    where refusals.customer_id is null
)

select
    people.customer_no,
    people.customer_id,
    people.role,

    coalesce(trading.order_days_count_365d, 0) as order_days_count_365d,
    coalesce(trading.orders_count_365d, 0) as orders_count_365d,
    coalesce(trading.orders_amount_365d, 0) as orders_amount_365d,
    coalesce(trading.sold_orders_count_365d, 0) as sold_orders_count_365d,
    coalesce(trading.sold_amount_365d, 0) as sold_amount_365d,

    coalesce(bringing.people_brought_count, 0) as people_brought_count,
    coalesce(bringing.people_brought_count - bringing.doubted_people_count, 0) as trusted_people_count,
    bringing.last_brought_at,

    -- Selling is how staff keep busy: the better of their two places counts.
    sqrt(
        greatest(coalesce(trading.buying_place, 0), case when people.role = 'super_staff' then coalesce(trading.selling_place, 0) else 0 end)
        * coalesce(bringing.bringing_place, 0)
    ) as score
from people
left join trading
    on people.customer_no = trading.customer_no
left join bringing
    on people.customer_no = bringing.customer_no
