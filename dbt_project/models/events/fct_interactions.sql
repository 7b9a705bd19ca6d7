-- One row per interaction; repeated deliveries collapse into the first.
{{ config(materialized=appendable(), unique_key=["record_no", "occurred_at", "kind"]) }}
with deliveries as (
    {{ first_deliveries('interactions', touched_rows('interactions', ref('stg_interactions'))) }}
)

select
    records.record_no,
    deliveries.kind,
    deliveries.channel,
    deliveries.place,
    deliveries.product_id,
    deliveries.query,

    deliveries.duration_seconds,
    deliveries.rating,
    deliveries.text,

    deliveries.occurred_at,
    deliveries.known_at,
    deliveries.visible_on
from deliveries
inner join {{ ref('int_identity__records') }} as records
    on deliveries.source = records.source and deliveries.source_key = records.source_key
