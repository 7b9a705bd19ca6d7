-- One row per reading of a device; repeated deliveries collapse into the first.
{{ config(materialized=appendable(), unique_key=["record_no", "occurred_at", "metric", "value"]) }}
with deliveries as (
    {{ first_deliveries('measurements', touched_rows('measurements', ref('stg_measurements'))) }}
)

select
    records.record_no,
    deliveries.metric,
    deliveries.value,
    deliveries.unit,
    deliveries.device_id,
    deliveries.occurred_at,
    deliveries.known_at,
    deliveries.visible_on
from deliveries
inner join {{ ref('int_identity__records') }} as records
    on deliveries.source = records.source and deliveries.source_key = records.source_key
