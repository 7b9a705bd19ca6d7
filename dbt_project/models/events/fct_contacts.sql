-- One row per version of a message and the days it counts: visible_on to superseded_on (null: still counts).
{{ config(materialized=appendable(), unique_key=["source", "contact_id"]) }}
with versions as (
    {{ version_intervals('contacts', touched_rows('contacts', ref('stg_contacts'))) }}
)

select
    versions.source,
    versions.contact_id,
    records.record_no,

    versions.channel,
    versions.campaign,
    versions.outcome,

    versions.occurred_at,
    versions.known_at,
    versions.visible_on,
    versions.superseded_on
from versions
inner join {{ ref('int_identity__records') }} as records
    on versions.source = records.source and versions.source_key = records.source_key
