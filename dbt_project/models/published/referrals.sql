-- One row per person brought: by whom, how it went, and what it has bought since.
with referrals as (
    select * from {{ ref('int_referrals') }}
),

touches as (
    select
        referrals.invitee_no,
        shares.inviter_no,
        shares.occurred_at,
        shares.source = referrals.source and shares.share_id = referrals.share_id as is_credited,
        row_number() over (
            partition by referrals.invitee_no
            order by shares.occurred_at, shares.source, shares.share_id
        ) as touch_rank
    from referrals
    inner join {{ ref('int_customer__shares') }} as shares
        on referrals.invitee_no = shares.invitee_no
    where shares.inviter_no <> shares.invitee_no
),

touched as (
    select
        invitee_no,
        min(case when touch_rank = 1 then occurred_at end) as first_touch_at,
        min(case when touch_rank = 1 then inviter_no end) as first_touch_by_no,
        cast(min(case when is_credited then touch_rank end) as bigint) as touches
    from touches
    group by invitee_no
),

orders as (
    select
        invitee_no,
        count(*) as orders_count,
        min(occurred_at) as first_order_at
    from {{ ref('int_referral_revenue') }}
    group by invitee_no
),

flags as (
    select
        invitee_no,
        max(case when withholds_reward then 1 else 0 end) = 1 as is_suspicious,
        {{ joined_texts('flag') }} as flags,
        {{ joined_texts('meaning') }} as flag_reasons
    from {{ ref('int_referral_flags') }}
    group by invitee_no
)

select
    referrals.invitee_id as customer_id,
    referrals.inviter_id,
    tree.root_id,
    cast(tree.generation as integer) as generation,

    referrals.source,
    referrals.share_id,
    referrals.product_id,
    referrals.channel,
    referrals.brought_at,

    touched.first_touch_at,
    first_hands.customer_id as first_touch_by_id,
    touched.touches,

    orders.first_order_at,
    {{ days_between('orders.first_order_at', 'referrals.brought_at') }} as days_to_first_order,
    coalesce(orders.orders_count, 0) as orders_count,
    cast(tree.own_revenue as decimal(18, 4)) as revenue,

    coalesce(flags.is_suspicious, false) as is_suspicious,
    flags.flags,
    flags.flag_reasons
from referrals
inner join {{ ref('int_referral_tree') }} as tree
    on referrals.invitee_no = tree.customer_no
inner join touched
    on referrals.invitee_no = touched.invitee_no
inner join {{ ref('int_identity__customers_now') }} as first_hands
    on touched.first_touch_by_no = first_hands.record_no
left join orders
    on referrals.invitee_no = orders.invitee_no
left join flags
    on referrals.invitee_no = flags.invitee_no
