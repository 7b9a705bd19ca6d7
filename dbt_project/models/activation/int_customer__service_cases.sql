-- One row per customer who complained, asked the service desk or sent something back: when last, what about, is it open?
{% set topics = rows_of("select topic, pattern from " ~ ref("complaint_topics") ~ " order by topic_rank", ["other", "x"]) %}
with acts as (
    select
        customer_no,
        kind,
        occurred_at,
        case
            {%- for topic, pattern in topics %}
            when {{ matches("lower(text)", pattern) }} then {{ text_literal(topic) }}
            {%- endfor %}
            else 'other'
        end as topic
    from {{ ref('int_customer__interactions') }}
    where kind in ('complaint', 'service', 'return')
),

-- An order that came back is known to be one since its version that says so.
returned_orders as (
    select
        people.customer_no,
        max(orders.known_at) as last_return_at
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('int_identity__customers_now') }} as people
        on orders.record_no = people.record_no
    where orders.superseded_on is null and orders.status = 'returned'
    group by people.customer_no
),

cases as (
    select
        customer_no,
        max(case when kind = 'complaint' then occurred_at end) as last_complaint_at,
        -- The latest complaint's topic: of two of one instant, the last in the alphabet.
        max(case when kind = 'complaint' then cast(occurred_at as string) || '|' || topic end) as last_complaint,
        max(case when kind = 'service' then occurred_at end) as last_service_at,
        max(case when kind = 'return' then occurred_at end) as last_return_at
    from acts
    group by customer_no
),

people as (
    select customer_no from cases
    union
    select customer_no from returned_orders
)

select
    people.customer_no,
    cases.last_complaint_at,
    split_part(cases.last_complaint, '|', 2) as last_complaint_topic,
    -- Open as the features say it: of the last 60 days, and no word with the service desk since.
    coalesce(
        cases.last_complaint_at >= {{ as_of_date() }} - 60
        and (cases.last_service_at is null or cases.last_service_at < cases.last_complaint_at), false
    ) as is_complaint_open,
    greatest(
        coalesce(cases.last_return_at, returned_orders.last_return_at),
        coalesce(returned_orders.last_return_at, cases.last_return_at)
    ) as last_return_at
from people
left join cases
    on people.customer_no = cases.customer_no
left join returned_orders
    on people.customer_no = returned_orders.customer_no
