-- One row per person in a tree of bringing, before anything is added up: itself, and who brought it.
with people as (
    select invitee_no as customer_no from {{ ref('int_referrals') }}
    union
    select inviter_no as customer_no from {{ ref('int_referrals') }}
),

revenue as (
    select
        invitee_no,
        sum(amount) as amount
    from {{ ref('int_referral_revenue') }}
    group by invitee_no
)

select
    0 as round,
    people.customer_no,
    referrals.inviter_no as ancestor_no,

    coalesce(referrals.inviter_no, people.customer_no) as top_no,
    case when referrals.inviter_no is null then 0 else 1 end as generation,

    0 as tree_depth,
    cast(1 as bigint) as people_count,
    cast(coalesce(revenue.amount, 0) as decimal(38, 4)) as revenue
from people
left join {{ ref('int_referrals') }} as referrals
    on people.customer_no = referrals.invitee_no
left join revenue
    on people.customer_no = revenue.invitee_no
