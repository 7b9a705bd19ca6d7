-- One row per person brought in a burst: one of unusually many of one inviter who never bought and never came back.
with referrals as (
    select * from {{ ref('int_referrals') }}
),

-- Joining leaves a trace on one day; whoever is seen on another has come back.
seen as (
    select
        referrals.invitee_no,
        count(distinct cast(interactions.occurred_at as date)) as days_count
    from referrals
    inner join {{ ref('int_customer__interactions') }} as interactions
        on referrals.invitee_no = interactions.customer_no and referrals.brought_at <= interactions.occurred_at
    group by referrals.invitee_no
),

buyers as (
    select distinct invitee_no from {{ ref('int_referral_revenue') }}
),

senders as (
    select distinct inviter_no from {{ ref('int_customer__shares') }}
),

empty_handed as (
    select
        referrals.inviter_no,
        referrals.invitee_no,
        count(*) over (partition by referrals.inviter_no) as people_count
    from referrals
    left join seen
        on referrals.invitee_no = seen.invitee_no
    left join buyers
        on referrals.invitee_no = buyers.invitee_no
    left join senders
        on referrals.invitee_no = senders.inviter_no
    where
        buyers.invitee_no is null
        and senders.inviter_no is null
        and coalesce(seen.days_count, 0) <= 1
),

bringers as (
    select
        people_count,
        row_number() over (order by people_count, inviter_no) as place,
        count(*) over () as bringers_count
    from (
        select
            inviter_no,
            count(*) as people_count
        from referrals
        group by inviter_no
    ) as counted
),

quartiles as (
    select
        min(case when place >= 0.25 * bringers_count then people_count end) as lower_quartile,
        min(case when place >= 0.75 * bringers_count then people_count end) as upper_quartile
    from bringers
),

-- Tukey's upper fence: a few bursts do not move the quartiles, so they cannot hide behind each other.
fence as (
    select greatest(flags.more_than, quartiles.upper_quartile + 1.5 * (quartiles.upper_quartile - quartiles.lower_quartile)) as more_than
    from quartiles
    cross join {{ ref('referral_flags') }} as flags
    where flags.flag = 'burst'
)

select
    empty_handed.inviter_no,
    empty_handed.invitee_no
from empty_handed
cross join fence
where empty_handed.people_count > fence.more_than
