-- One row per completed order of a person who was brought: whom it is credited to.
select
    referrals.inviter_no,
    referrals.inviter_id,
    referrals.inviter_record_no,
    referrals.invitee_no,
    referrals.invitee_id,

    orders.source,
    orders.order_id,

    orders.amount,
    orders.occurred_at
from {{ ref('int_referrals') }} as referrals
inner join {{ ref('int_customer__orders') }} as orders
    on referrals.invitee_no = orders.customer_no
where
    orders.status = 'completed'
    and orders.occurred_at >= referrals.brought_at
