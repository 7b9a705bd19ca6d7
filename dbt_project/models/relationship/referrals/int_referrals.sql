-- One row per person brought: the share that did it, who sent it, and when (the rule stands in macros/referrals.sql).
with brought as (
    {{ brought_people(ref('int_customer__shares'), ref('int_customer__orders')) }}
)

select
    brought.invitee_no,
    invitees.customer_id as invitee_id,
    brought.inviter_no,
    inviters.customer_id as inviter_id,

    brought.source,
    brought.share_id,
    shares.inviter_record_no,
    shares.invitee_record_no,
    shares.product_id,
    shares.channel,

    brought.brought_at
from brought
inner join {{ ref('int_customer__shares') }} as shares
    on brought.source = shares.source and brought.share_id = shares.share_id
-- A customer's number is that of its earliest record.
inner join {{ ref('int_identity__customers_now') }} as invitees
    on brought.invitee_no = invitees.record_no
inner join {{ ref('int_identity__customers_now') }} as inviters
    on brought.inviter_no = inviters.record_no
