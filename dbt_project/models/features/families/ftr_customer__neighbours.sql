-- One row per customer who shared with, or received from, somebody known, and snapshot date: what those people do.
-- A pair is one customer with whom another has shared; whoever has sent back answers.
with customers as (
    {{ customers_at_snapshot() }}
),

shares as (
    select
        inviters.customer_id as inviter_id,
        invitees.customer_id as invitee_id,
        {{ days_ago('shares.occurred_at') }} as days_ago
    from {{ ref('fct_shares') }} as shares
    inner join customers as inviters
        on shares.inviter_record_no = inviters.record_no
    left join customers as invitees
        on shares.invitee_record_no = invitees.record_no
    where {{ current_at_snapshot('shares') }}
),

deeds as (
    select
        customer_id,
        count(case when deed = 'share' then 1 end) as shares,
        min(case when deed = 'share' then days_ago end) as share_days_ago,
        min(days_ago) as last_days_ago,
        {%- for days in [3, 7, 30, 90] %}
        count(case when deed = 'share' and days_ago <= {{ days }} then 1 end) as shares_{{ days }}d,
        count(case when deed = 'order' and days_ago <= {{ days }} then 1 end) as orders_{{ days }}d
        {{- "," if not loop.last }}
        {%- endfor %}
    from (
        select
            'share' as deed,
            inviter_id as customer_id,
            days_ago
        from shares
        union all
        select
            'order' as deed,
            customers.customer_id,
            {{ days_ago('orders.occurred_at') }} as days_ago
        from {{ ref('fct_orders') }} as orders
        inner join customers
            on orders.record_no = customers.record_no
        where {{ current_at_snapshot('orders') }} and orders.status = 'completed'
    ) as done
    group by customer_id
),

pairs as (
    select
        inviter_id,
        invitee_id,
        count(*) as shares,
        min(days_ago) as last_days_ago
    from shares
    where invitee_id is not null and invitee_id <> inviter_id
    group by inviter_id, invitee_id
),

answered as (
    select
        pairs.*,
        back.shares as shares_back,
        back.last_days_ago as back_days_ago
    from pairs
    left join pairs as back
        on pairs.inviter_id = back.invitee_id and pairs.invitee_id = back.inviter_id
),

-- The people a customer shares with, and the people who share with a customer.
invited as (
    select
        answered.inviter_id as customer_id,
        {{ catalogue('neighbours', 'invited') }}
    from answered
    left join deeds
        on answered.invitee_id = deeds.customer_id
    group by answered.inviter_id
),

senders as (
    select
        answered.invitee_id as customer_id,
        {{ catalogue('neighbours', 'senders') }}
    from answered
    left join deeds
        on answered.inviter_id = deeds.customer_id
    group by answered.invitee_id
)

select
    *,
    {{ snapshot_date() }} as as_of_date
from invited
full outer join senders using (customer_id)
