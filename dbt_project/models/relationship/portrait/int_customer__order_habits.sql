-- One row per customer with an order, whatever its status: how much, how often, at what price, and where that stands among buyers.
-- A place is the share of buyers who have as much or more: 0.2 and less are the top fifth.
with orders as (
    select
        customer_no,
        {%- for window, condition in {
            "": "true",
            "_90d": "occurred_at >= " ~ as_of_date() ~ " - 90",
            "_365d": "occurred_at >= " ~ as_of_date() ~ " - 365",
            "_year_before": "occurred_at >= " ~ as_of_date() ~ " - 730 and occurred_at < " ~ as_of_date() ~ " - 365",
        }.items() %}
        count(case when status = 'completed' and {{ condition }} then 1 end) as orders_count{{ window }},
        cast(coalesce(sum(case when status = 'completed' and {{ condition }} then amount end), 0) as decimal(18, 4))
            as orders_amount{{ window }},
        {%- endfor %}
        count(case when status = 'cancelled' then 1 end) as cancelled_orders_count,
        count(case when status = 'returned' then 1 end) as returned_orders_count,
        count(case when status = 'completed' then coupon_id end) as coupon_orders_count,
        count(case when status = 'completed' and discount > 0 then 1 end) as discounted_orders_count,
        count(case when status = 'completed' then discount end) as discount_known_count,
        sum(case when status = 'completed' then discount end) as discount_amount,
        sum(case when status = 'completed' and discount is not null then amount end) as discountable_amount,
        count(case when status = 'completed' and seller_no <> customer_no then 1 end) as attended_orders_count,
        count(case when status = 'completed' then store_id end) as store_orders_count,
        max(case when status = 'completed' then amount end) as largest_order_amount,
        count(case when status = 'completed' and {{ iso_weekday("occurred_at") }} >= 6 then 1 end) as weekend_orders_count,
        min(case when status = 'completed' then occurred_at end) as first_order_at,
        max(case when status = 'completed' then occurred_at end) as last_order_at
    from {{ ref('int_customer__orders') }}
    group by customer_no
),

gaps as (
    select
        days.customer_no,
        count(*) as order_days_count,
        count(days.gap_days) as gaps_count,
        sum(days.gap_days) as gap_days_sum,
        sum(days.gap_days * days.gap_days) as gap_days_squares,
        count(case when days.gap_days > brand.sleeping_after_days then 1 end) as comebacks_count,
        max(case when days.gap_days > brand.sleeping_after_days then days.order_date end) as last_comeback_date
    from {{ ref('int_customer__order_days') }} as days
    cross join {{ ref('int_brand__rhythm') }} as brand
    group by days.customer_no
),

measured as (
    select
        orders.*,
        coalesce(gaps.order_days_count, 0) as order_days_count,
        coalesce(gaps.gaps_count, 0) as gaps_count,
        coalesce(gaps.comebacks_count, 0) as comebacks_count,
        cast(round(cast(gaps.gap_days_sum as double) / nullif(gaps.gaps_count, 0)) as bigint) as gap_days_average,
        -- Deviation over mean of the gaps, from exact sums: 0 is a clock, 1 is chance (gaps of a Poisson process).
        {{ percent("sqrt(greatest(cast(gaps.gaps_count * gaps.gap_days_squares - gaps.gap_days_sum * gaps.gap_days_sum as double), 0))",
                   "gaps.gap_days_sum") }} as gap_variation_percent,
        {{ days_between(as_of_date(), "gaps.last_comeback_date") }} as days_since_comeback,
        {{ days_between(as_of_date(), "orders.last_order_at") }} as days_since_last_order,
        {{ days_between(as_of_date(), "orders.first_order_at") }} as days_since_first_order,
        {{ decimal_of("cast(orders.orders_amount as double) / nullif(orders.orders_count, 0)", 18, 2) }} as order_amount_average,
        {{ percent("orders.discount_amount", "orders.discountable_amount + orders.discount_amount") }} as discount_percent
    from orders
    left join gaps
        on orders.customer_no = gaps.customer_no
)

select
    measured.*,
    brand.cooling_after_days,
    brand.sleeping_after_days,
    brand.lost_after_days,
    {{ place_among("-days_since_last_order", "orders_count > 0") }} as recency_place,
    {{ place_among("orders_count", "orders_count > 0") }} as frequency_place,
    {{ place_among("orders_amount", "orders_count > 0") }} as money_place,
    {{ place_among("order_amount_average", "orders_count > 0") }} as order_amount_place,
    {{ place_among("discount_percent", "discounted_orders_count > 0") }} as discount_place,
    {{ place_among("orders_count_365d", "orders_count_365d > 0") }} as year_frequency_place,
    -- What those who spent more in the last 365 days spent of the brand's money.
    {{ percent("sum(orders_amount_365d) over (order by orders_amount_365d desc) - sum(orders_amount_365d) over (partition by orders_amount_365d)",
               "sum(orders_amount_365d) over ()") }} as spent_above_percent,
    {{ percent("sum(coupon_orders_count) over ()", "sum(orders_count) over ()") }} as brand_coupon_percent,
    {{ percent("sum(returned_orders_count) over ()", "sum(orders_count + returned_orders_count) over ()") }} as brand_returned_percent
from measured
cross join {{ ref('int_brand__rhythm') }} as brand
