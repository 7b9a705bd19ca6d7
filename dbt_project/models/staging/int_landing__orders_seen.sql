-- One row per order that the landing zone names: the day any row of it is first seen (named_on), the day a good one
-- is (visible_on, null: none is good), and its status at as_of_date.
{{ config(materialized=appendable(), unique_key=["source", "order_id"]) }}
with named as (
    select
        source,
        order_id,
        min(coalesce(visible_on, cast('0001-01-01' as date))) as named_on,
        min(case when refusals = '' then visible_on end) as visible_on
    from {{ touched_rows('orders', ref('base_orders'), seen=false) }}
    where source is not null and order_id is not null
    group by source, order_id
),

latest as (
    {{ latest_version('orders', touched_rows('orders', ref('stg_orders'), seen=false)) }}
)

select
    named.source,
    named.order_id,
    named.named_on,
    named.visible_on,
    latest.status as status_now
from named
left join latest
    on named.source = latest.source and named.order_id = latest.order_id
