-- One row per order of a person who was brought and customer who earns from it: a pot split along the tree, to the cent.
with orders as (
    select
        invitee_no,
        invitee_id,
        source,
        order_id,
        amount,
        occurred_at,
        -- Half a cent is rounded away from zero. A negative order takes back as much as its opposite would have given.
        cast(round(amount * cast({{ setting('reward_share') }} as decimal(9, 6)), 2) * 100 as bigint) as pot_cents
    from {{ ref('int_referral_revenue') }}
),

doubted as (
    select distinct invitee_no
    from {{ ref('int_referral_flags') }}
    where withholds_reward
),

-- How far below somebody who earns the nearest link in doubt lies: nobody above it is paid before a person has looked.
doubts as (
    select
        customer_no,
        min(generation) as generation
    from (
        select
            invitee_no as customer_no,
            0 as generation
        from doubted

        union all
        select
            ancestors.customer_no,
            ancestors.generation
        from {{ ref('int_referral_ancestors') }} as ancestors
        inner join doubted
            on ancestors.ancestor_no = doubted.invitee_no
    ) as links
    group by customer_no
),

earners as (
    select
        ancestors.customer_no,
        ancestors.ancestor_no,
        ancestors.generation,
        cast(rules.weight * 10000 as bigint) as weight,
        coalesce(doubts.generation < ancestors.generation, false) as is_doubted
    from {{ ref('int_referral_ancestors') }} as ancestors
    inner join {{ ref('reward_rules') }} as rules
        on ancestors.generation = rules.generation
    left join doubts
        on ancestors.customer_no = doubts.customer_no
    where rules.weight > 0
),

-- cents * weight = weights * whole cents + remainder
parts as (
    select
        orders.*,
        earners.ancestor_no,
        earners.generation,
        earners.is_doubted,
        abs(orders.pot_cents) * earners.weight as numerator,
        cast(sum(earners.weight) over (partition by orders.source, orders.order_id) as bigint) as weights
    from orders
    inner join earners
        on orders.invitee_no = earners.customer_no
    where orders.pot_cents <> 0
),

whole as (
    select
        *,
        {{ whole_quotient('numerator', 'weights') }} as cents,
        row_number() over (
            partition by source, order_id
            order by numerator % weights desc, generation asc
        ) as remainder_rank
    from parts
),

-- The cents that are left go to the largest remainders, one each.
split as (
    select
        *,
        cents + case
            when remainder_rank <= abs(pot_cents) - sum(cents) over (partition by source, order_id) then 1 else 0
        end as paid_cents
    from whole
)

select
    split.source,
    split.order_id,
    earners.customer_id,
    cast(split.generation as integer) as generation,
    split.invitee_id as brought_id,
    split.occurred_at,
    split.amount as order_amount,
    cast(cast(sign(split.pot_cents) * split.paid_cents as decimal(18, 2)) * 0.01 as decimal(18, 2)) as reward,
    case when split.is_doubted then 'withheld' else 'due' end as status
from split
inner join {{ ref('int_identity__customers_now') }} as earners
    on split.ancestor_no = earners.record_no
