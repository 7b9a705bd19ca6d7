-- One row per word about a consent; repeated deliveries collapse into the first.
{{ config(materialized=appendable(), unique_key=["record_no", "occurred_at", "purpose", "granted"]) }}
with deliveries as (
    {{ first_deliveries('consents', touched_rows('consents', ref('stg_consents'))) }}
)

select
    records.record_no,
    deliveries.purpose,
    deliveries.granted,
    deliveries.occurred_at,
    deliveries.known_at,
    deliveries.visible_on
from deliveries
inner join {{ ref('int_identity__records') }} as records
    on deliveries.source = records.source and deliveries.source_key = records.source_key
