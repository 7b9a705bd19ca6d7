-- One row per person brought who states a value that its inviter states, too: evidence, or one that too many share.
-- Values that one record alone states are not shared, and do not stand in int_identity__holders.
with stated as (
    select
        people.customer_no,
        holders.id_type,
        holders.id_value,
        max(case when holders.crossed_at is null then 0 else 1 end) as is_crowded
    from {{ ref('int_identity__holders') }} as holders
    inner join {{ ref('int_identity__customers_now') }} as people
        on holders.record_no = people.record_no
    group by people.customer_no, holders.id_type, holders.id_value
),

-- Distinct, so that no engine joins all holders of a value with each other first.
invited_with as (
    select distinct
        referrals.invitee_no,
        referrals.inviter_no,
        stated.id_type,
        stated.id_value,
        stated.is_crowded
    from {{ ref('int_referrals') }} as referrals
    inner join stated
        on referrals.invitee_no = stated.customer_no
)

select
    invited_with.invitee_no,
    min(invited_with.is_crowded) = 1 as is_crowded
from invited_with
inner join stated
    on
        invited_with.inviter_no = stated.customer_no
        and invited_with.id_type = stated.id_type
        and invited_with.id_value = stated.id_value
group by invited_with.invitee_no
