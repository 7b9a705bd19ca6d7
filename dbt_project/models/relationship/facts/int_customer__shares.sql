-- One row per share that counts at as_of_date, with the people at both ends; invitee_no is null while nobody knows who received it.
select
    shares.source,
    shares.share_id,
    inviters.customer_no as inviter_no,
    invitees.customer_no as invitee_no,
    shares.inviter_record_no,
    shares.invitee_record_no,

    shares.product_id,
    shares.channel,
    shares.outcome,

    shares.occurred_at
from {{ ref('fct_shares') }} as shares
inner join {{ ref('int_identity__customers_now') }} as inviters
    on shares.inviter_record_no = inviters.record_no
left join {{ ref('int_identity__customers_now') }} as invitees
    on shares.invitee_record_no = invitees.record_no
where shares.superseded_on is null
