-- One row per person brought and doubt about how it was brought (seed referral_flags tells what each means).
with referrals as (
    select * from {{ ref('int_referrals') }}
),

same_household as (
    select referrals.invitee_no
    from referrals
    inner join {{ ref('int_customer__household') }} as theirs
        on referrals.invitee_no = theirs.customer_no
    inner join {{ ref('int_customer__household') }} as inviters
        on referrals.inviter_no = inviters.customer_no
    where theirs.household_id = inviters.household_id
),

once_one_customer as (
    select distinct referrals.invitee_no
    from referrals
    inner join {{ ref('customer_map') }} as theirs
        on referrals.invitee_record_no = theirs.record_no
    inner join {{ ref('customer_map') }} as inviters
        on
            referrals.inviter_record_no = inviters.record_no
            and theirs.customer_id = inviters.customer_id
            and (inviters.valid_to is null or theirs.valid_from < inviters.valid_to)
            and (theirs.valid_to is null or theirs.valid_to > inviters.valid_from)
),

-- Somebody made an ancestor join or order: how far up the longest such circle goes.
circles as (
    select
        ancestors.customer_no,
        max(ancestors.generation) as generations
    from {{ ref('int_referral_ancestors') }} as ancestors
    inner join {{ ref('int_customer__shares') }} as shares
        on
            ancestors.customer_no = shares.inviter_no
            and ancestors.ancestor_no = shares.invitee_no
    where {{ has_joined('shares') }}
    group by ancestors.customer_no
),

rings as (
    select customer_no as invitee_no from circles
    union
    select ancestors.ancestor_no as invitee_no
    from circles
    inner join {{ ref('int_referral_ancestors') }} as ancestors
        on circles.customer_no = ancestors.customer_no and circles.generations > ancestors.generation
),

found as (
    select
        invitee_no,
        'same_identifier' as flag
    from {{ ref('int_referral_shared_values') }}
    where not is_crowded and invitee_no not in (select invitee_no from same_household)

    union all
    select
        invitee_no,
        'crowded_identifier' as flag
    from {{ ref('int_referral_shared_values') }}
    where is_crowded

    union all
    select
        invitee_no,
        'same_household' as flag
    from same_household

    union all
    select
        invitee_no,
        'once_one_customer' as flag
    from once_one_customer

    union all
    select
        invitee_no,
        'ring' as flag
    from rings

    union all
    select
        invitee_no,
        'burst' as flag
    from {{ ref('int_referral_bursts') }}
)

select
    found.invitee_no,
    found.flag,
    flags.withholds_reward,
    flags.meaning
from found
inner join {{ ref('referral_flags') }} as flags
    on found.flag = flags.flag
