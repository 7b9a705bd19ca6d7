-- One row per customer with an interaction: what was looked at, tried, rated and complained about.
{% set kinds = ["view", "search", "cart", "visit", "enter", "try", "bag", "review", "complaint", "service"] %}
with acts as (
    select
        interactions.customer_no,
        count(*) as interactions_count,
        count(case when occurred_at >= {{ as_of_date() }} - 90 then 1 end) as interactions_count_90d,
        count(case when occurred_at < {{ as_of_date() }} - 90 and occurred_at >= {{ as_of_date() }} - 180 then 1 end)
            as interactions_count_quarter_before,
        {%- for kind in kinds %}
        count(case when interactions.kind = '{{ kind }}' then 1 end) as {{ kind }}_count,
        {%- endfor %}
        count(case when kinds.kind is null or kinds.stage = 'interest' then 1 end) as interest_stage_count,
        count(case when kinds.stage = 'search' then 1 end) as search_stage_count,
        count(place) as place_acts_count,
        sum(case when interactions.kind = 'view' then duration_seconds end) as view_seconds,
        count(case when interactions.kind = 'view' then duration_seconds end) as timed_views_count,
        sum(case when interactions.kind = 'dwell' then duration_seconds end) as dwell_seconds,
        count(case when interactions.kind = 'dwell' then duration_seconds end) as timed_dwells_count,
        count(rating) as ratings_count,
        sum(rating) as rating_sum,
        count(case when interactions.kind = 'review' then text end) as written_reviews_count,
        max(case when interactions.kind = 'complaint' then occurred_at end) as last_complaint_at,
        max(case when interactions.kind = 'service' then occurred_at end) as last_service_at,
        max(occurred_at) as last_interaction_at
    from {{ ref('int_customer__interactions') }} as interactions
    left join {{ ref('journey_kinds') }} as kinds
        on interactions.kind = kinds.kind
    group by interactions.customer_no
),

-- A cart is left behind when its owner completes no order on its day or the seven days after; younger carts are still open.
days as (
    select
        customer_no,
        cast(occurred_at as date) as on_date,
        1 as is_cart,
        cast(null as date) as order_date
    from {{ ref('int_customer__interactions') }}
    where kind = 'cart' and occurred_at < {{ as_of_date() }} - 7
    group by customer_no, cast(occurred_at as date)

    union all
    select
        customer_no,
        order_date as on_date,
        0 as is_cart,
        order_date
    from {{ ref('int_customer__order_days') }}
),

carts as (
    select
        customer_no,
        count(*) as cart_days_count,
        count(case when next_order_date is null or {{ days_between("next_order_date", "on_date") }} > 7 then 1 end) as carts_left_count
    from (
        select
            *,
            min(order_date) over (partition by customer_no order by on_date desc) as next_order_date
        from days
    ) as followed
    where is_cart = 1
    group by customer_no
),

measured as (
    select
        acts.*,
        coalesce(carts.cart_days_count, 0) as cart_days_count,
        coalesce(carts.carts_left_count, 0) as carts_left_count,
        {{ days_between(as_of_date(), "acts.last_interaction_at") }} as days_since_last_interaction,
        {{ days_between(as_of_date(), "acts.last_complaint_at") }} as days_since_last_complaint,
        {{ days_between(as_of_date(), "acts.last_service_at") }} as days_since_last_service,
        {{ decimal_of("cast(acts.rating_sum as double) / nullif(acts.ratings_count, 0)", 18, 1) }} as rating_average,
        {{ decimal_of("cast(acts.view_seconds as double) / nullif(acts.timed_views_count, 0)", 18, 0) }} as view_seconds_average,
        {{ decimal_of("cast(acts.dwell_seconds as double) / nullif(acts.timed_dwells_count, 0)", 18, 0) }} as dwell_seconds_average,
        {{ percent("carts.carts_left_count", "carts.cart_days_count") }} as carts_left_percent
    from acts
    left join carts
        on acts.customer_no = carts.customer_no
)

select
    *,
    {{ place_among("interactions_count_90d", "interactions_count_90d > 0") }} as activity_place,
    {{ place_among("view_seconds_average", "view_seconds_average is not null") }} as view_seconds_place,
    {{ place_among("dwell_seconds_average", "dwell_seconds_average is not null") }} as dwell_seconds_place,
    {{ percent("sum(carts_left_count) over ()", "sum(cart_days_count) over ()") }} as brand_carts_left_percent,
    {{ percent("sum(search_count) over ()", "sum(view_count + search_count) over ()") }} as brand_search_percent,
    {{ decimal_of("cast(sum(rating_sum) over () as double) / nullif(cast(sum(ratings_count) over () as double), 0)", 18, 1) }} as brand_rating_average
from measured
