-- One row per customer with a completed order and topic: the channel, store, category, weekday or hour seen most often,
-- with how many of how many orders (or lines) it was. Ties go to the alphabetically first.
{% set topics = {
    "channel": "orders.channel",
    "store": "orders.store_id",
    "weekday": "case " ~ iso_weekday("orders.occurred_at") ~ " when 1 then 'Monday' when 2 then 'Tuesday' when 3 then 'Wednesday' when 4 then 'Thursday' when 5 then 'Friday' when 6 then 'Saturday' else 'Sunday' end",
    "hour": "lpad(cast(extract(hour from orders.occurred_at) as varchar), 2, '0')",
} %}
with orders as (
    select
        people.customer_no,
        orders.*
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('int_identity__customers_now') }} as people
        on orders.record_no = people.record_no
    where orders.superseded_on is null and orders.status = 'completed'
),

mentions as (
    {% for topic, expression in topics.items() %}
    select
        orders.customer_no,
        '{{ topic }}' as topic,
        {{ expression }} as choice
    from orders

    union all
    {% endfor %}
    select
        orders.customer_no,
        'category' as topic,
        lines.category as choice
    from {{ ref('fct_order_lines') }} as lines
    inner join orders
        on lines.source = orders.source and lines.order_id = orders.order_id
    where lines.quantity >= 0
),

counted as (
    select
        customer_no,
        topic,
        choice,
        count(*) as times,
        sum(count(*)) over (partition by customer_no, topic) as times_all,
        row_number() over (partition by customer_no, topic order by count(*) desc, choice asc) as choice_rank
    from mentions
    where choice is not null
    group by customer_no, topic, choice
)

select
    customer_no,
    topic,
    choice,
    times,
    times_all
from counted
where choice_rank = 1
