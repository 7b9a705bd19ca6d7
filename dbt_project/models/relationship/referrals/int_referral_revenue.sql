-- One row per completed order of a person who was brought: whom it is credited to.
select
    referrals.inviter_no,
    referrals.inviter_id,
    referrals.inviter_record_no,
    referrals.invitee_id,
    orders.occurred_at,
    orders.amount
from {{ ref('int_referrals') }} as referrals
inner join {{ ref('int_identity__customers_now') }} as people
    on referrals.invitee_no = people.customer_no
inner join {{ ref('fct_orders') }} as orders
    on people.record_no = orders.record_no
where
    orders.superseded_on is null
    and orders.status = 'completed'
    and orders.occurred_at >= referrals.brought_at
