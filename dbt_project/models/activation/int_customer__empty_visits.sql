-- One row per customer who, in the last 14 days, went through a shop or looked around on the web and left without a bag, cart or order.
with bag as (
    select step_rank
    from {{ ref('journey_steps') }}
    where journey = 'store' and step = 'bag'
),

inside as (
    select step_rank
    from {{ ref('journey_steps') }}
    where journey = 'store' and step = 'enter'
),

store_visits as (
    select
        visits.customer_no,
        visits.begun_at as occurred_at
    from {{ ref('int_customer__store_visits') }} as visits
    cross join bag
    cross join inside
    where
        visits.begun_at >= {{ as_of_date() }} - 14
        and visits.furthest_rank >= inside.step_rank
        and visits.furthest_rank < bag.step_rank
        and not visits.has_bought
),

order_days as (
    select distinct
        customer_no,
        cast(occurred_at as date) as on_date
    from {{ ref('int_customer__orders') }}
    where status = 'completed' and occurred_at >= {{ as_of_date() }} - 14
),

-- A day of looking around is one visit, whatever the number of pages.
web_days as (
    select
        customer_no,
        cast(occurred_at as date) as on_date,
        max(occurred_at) as occurred_at,
        max(case when kind in ('cart', 'bag', 'wishlist') then 1 else 0 end) as has_kept_something
    from {{ ref('int_customer__interactions') }}
    where place is null and kind in ('view', 'search', 'cart', 'bag', 'wishlist') and occurred_at >= {{ as_of_date() }} - 14
    group by customer_no, cast(occurred_at as date)
),

visits as (
    select
        customer_no,
        occurred_at
    from store_visits

    union all
    select
        web_days.customer_no,
        web_days.occurred_at
    from web_days
    left join order_days
        on web_days.customer_no = order_days.customer_no and web_days.on_date = order_days.on_date
    where web_days.has_kept_something = 0 and order_days.customer_no is null
)

select
    customer_no,
    count(*) as empty_visits_count_14d,
    max(occurred_at) as last_empty_visit_at
from visits
group by customer_no
