-- One row per version of an order and the days it counts: visible_on to superseded_on (null: still counts).
-- record_no is null for a guest without a key: such an order belongs to nobody.
{{ config(materialized=appendable(), unique_key=["source", "order_id"]) }}
with versions as (
    {{ version_intervals('orders', touched_rows('orders', ref('stg_orders'))) }}
)

select
    versions.source,
    versions.order_id,
    buyers.record_no,
    sellers.record_no as seller_record_no,

    versions.channel,
    versions.store_id,
    versions.status,
    versions.coupon_id,

    versions.amount,
    versions.discount,
    versions.currency_rate,

    versions.occurred_at,
    versions.known_at,
    versions.visible_on,
    versions.superseded_on
from versions
left join {{ ref('int_identity__records') }} as buyers
    on versions.source = buyers.source and versions.source_key = buyers.source_key
left join {{ ref('int_identity__records') }} as sellers
    on versions.source = sellers.source and versions.seller_key = sellers.source_key
