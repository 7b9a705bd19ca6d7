-- One row per customer and grid date (each Monday): the level reached or kept on the facts visible then, and what moved it.
-- It reads its own rows of the Monday before, so a date is built after all earlier ones. It is long because the facts of a week
-- are gathered, judged and forgotten in one query: stored, they would be the largest table of the warehouse.
{%- set days = level_windows() %}
{%- set words = day_words(days) %}
with customers as (
    {{ customers_at_snapshot() }}
),

-- Each day with a completed order is a bit.
record_days as (
    select
        record_no,
        {%- for word in words %}
        bit_or(case
            when status = 'completed' and days_ago >= {{ word.first }} and days_ago <= {{ word.last }} then {{ single_bit('days_ago % 60') }}
        end) as {{ word.name }},
        {%- endfor %}
        min(days_ago) as days_since_order
    from (
        select
            orders.record_no,
            orders.status,
            {{ days_ago('orders.occurred_at') }} as days_ago
        from {{ ref('fct_orders') }} as orders
        where {{ current_at_snapshot('orders') }} and orders.occurred_at >= {{ snapshot_date() }} - {{ days.stay }}
    ) as dated
    group by record_no
),

order_days as (
    select
        customers.customer_no,
        min(record_days.days_since_order) as days_since_order,
        {{ count_of_days(words | selectattr('standing', 'equalto', 'reach') | list) }} as order_days_reach,
        {{ count_of_days(words) }} as order_days_stay
    from record_days
    inner join customers
        on record_days.record_no = customers.record_no
    group by customers.customer_no
),

shares as (
    select
        shares.source,
        shares.share_id,
        inviters.customer_no as inviter_no,
        invitees.customer_no as invitee_no,
        shares.outcome,
        shares.occurred_at
    from {{ ref('fct_shares') }} as shares
    inner join customers as inviters
        on shares.inviter_record_no = inviters.record_no
    left join customers as invitees
        on shares.invitee_record_no = invitees.record_no
    where {{ current_at_snapshot('shares') }}
),

orders_of_invitees as (
    select
        customers.customer_no,
        orders.status,
        orders.occurred_at
    from {{ ref('fct_orders') }} as orders
    inner join customers
        on orders.record_no = customers.record_no
    where
        {{ current_at_snapshot('orders') }}
        and customers.customer_no in (
            select shares.invitee_no from shares
            where {{ has_joined('shares') }}
        )
),

bringing as (
    select
        brought.inviter_no as customer_no,
        count(case when brought.brought_at >= {{ snapshot_date() }} - {{ days.reach }} then 1 end) as people_brought_reach,
        count(*) as people_brought_stay
    from ({{ brought_people('shares', 'orders_of_invitees') }}) as brought
    where brought.brought_at >= {{ snapshot_date() }} - {{ days.stay }}
    group by brought.inviter_no
),

other_activity as (
    select
        customers.customer_no,
        {{ days_ago('max(acting.last_at)') }} as days_since_activity
    from (
        select
            interactions.record_no,
            max(interactions.occurred_at) as last_at
        from {{ ref('fct_interactions') }} as interactions
        where {{ visible_at_snapshot('interactions') }} and interactions.occurred_at >= {{ snapshot_date() }} - {{ days.stay }}
        group by interactions.record_no
        {% for side in ["inviter", "invitee"] %}
        union all
        select
            shares.{{ side }}_record_no as record_no,
            shares.occurred_at as last_at
        from {{ ref('fct_shares') }} as shares
        where {{ current_at_snapshot('shares') }} and shares.occurred_at >= {{ snapshot_date() }} - {{ days.stay }}
        {% endfor %}
    ) as acting
    inner join customers
        on acting.record_no = customers.record_no
    group by customers.customer_no
),

people as (
    select
        customer_no,
        max(customer_id) as customer_id
    from customers
    group by customer_no
),

facts as (
    select
        people.customer_no,
        people.customer_id,
        {%- for standing in ["reach", "stay"] %}
        case
            when order_days.days_since_order <= {{ days[standing] }} or other_activity.days_since_activity <= {{ days[standing] }} then 1
            else 0
        end as activity_{{ standing }},
        coalesce(order_days.order_days_{{ standing }}, 0) as order_days_{{ standing }},
        coalesce(bringing.people_brought_{{ standing }}, 0) as people_brought_{{ standing }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from people
    left join order_days
        on people.customer_no = order_days.customer_no
    left join other_activity
        on people.customer_no = other_activity.customer_no
    left join bringing
        on people.customer_no = bringing.customer_no
),

needs as (
    {{ level_needs('order_days') }}
),

standing as (
    select
        facts.customer_no,
        {%- for standing in ["reach", "stay"] %}
        max(case
            when
                needs.standing = '{{ standing }}'
                and facts.activity_{{ standing }} >= needs.needs_activity
                and facts.order_days_{{ standing }} >= needs.order_days
                and facts.people_brought_{{ standing }} >= needs.people_brought
                then needs.level_rank
        end) as {{ standing }}_rank
        {{- "," if not loop.last }}
        {%- endfor %}
    from facts
    cross join needs
    group by facts.customer_no
),

-- Whoever was there a week ago keeps the level while the softer rule holds; whoever was not starts from what is reached.
levels as (
    select
        facts.*,
        before.level_rank as previous_rank,
        before.since as since_before,
        before.last_reason as reason_before,
        case
            when before.level_rank is null then standing.reach_rank
            else greatest(standing.reach_rank, least(before.level_rank, standing.stay_rank))
        end as level_rank
    from facts
    inner join standing
        on facts.customer_no = standing.customer_no
    left join {{ this }} as before
        on facts.customer_id = before.customer_id and before.as_of_date = {{ snapshot_date() }} - 7
)

select
    levels.customer_id,
    {{ snapshot_date() }} as as_of_date,
    levels.level_rank,
    levels.previous_rank,
    case when levels.level_rank = levels.previous_rank then levels.since_before else {{ snapshot_date() }} end as since,
    case
        when levels.level_rank = levels.previous_rank then levels.reason_before
        when levels.level_rank < levels.previous_rank then {{ reason_of_fall('levels', 'keeping', days.stay) }}
        when levels.level_rank > started.level_rank then {{ reason_of_rise('levels', 'reaching', 'started', days.reach) }}
    end as last_reason
from levels
inner join needs as reaching
    on levels.level_rank = reaching.level_rank and reaching.standing = 'reach'
inner join needs as started
    on coalesce(levels.previous_rank, 0) = started.level_rank and started.standing = 'reach'
inner join needs as keeping
    on started.level_rank = keeping.level_rank and keeping.standing = 'stay'
