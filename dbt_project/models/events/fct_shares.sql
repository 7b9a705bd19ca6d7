-- One row per version of a share and the days it counts: visible_on to superseded_on (null: still counts).
{{ config(materialized=appendable(), unique_key=["source", "share_id"]) }}
with versions as (
    {{ version_intervals('shares', touched_rows('shares', ref('stg_shares'))) }}
)

select
    versions.source,
    versions.share_id,
    inviters.record_no as inviter_record_no,
    invitees.record_no as invitee_record_no,

    versions.product_id,
    versions.channel,
    versions.outcome,

    versions.occurred_at,
    versions.known_at,
    versions.visible_on,
    versions.superseded_on
from versions
inner join {{ ref('int_identity__records') }} as inviters
    on versions.source = inviters.source and versions.inviter_key = inviters.source_key
left join {{ ref('int_identity__records') }} as invitees
    on versions.source = invitees.source and versions.invitee_key = invitees.source_key
