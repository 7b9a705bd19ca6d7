-- One row per customer of the cohort and snapshot date: the groups by which models are judged. Never features: gender and age least of all.
-- The level is what the facts of the date reach: the history of levels, with its grace for those who had more, is built later.
with customers as (
    {{ customers_at_snapshot() }}
),

rhythm as (
    select
        customer_id,
        tenure_days,
        order_days_365d as order_days_reach,
        {{ place_among('order_days_365d', 'case when order_days_365d > 0 then 1 else 0 end') }} as place
    from {{ ref('int_snapshot__order_rhythm') }}
    where as_of_date = {{ snapshot_date() }}
),

channels as (
    select
        customers.customer_id,
        orders.channel,
        row_number() over (
            partition by customers.customer_id
            order by count(*) desc, max(orders.occurred_at) desc, orders.channel asc
        ) as channel_rank
    from {{ ref('fct_orders') }} as orders
    inner join customers
        on orders.record_no = customers.record_no
    where
        {{ current_at_snapshot('orders') }}
        and orders.status = 'completed'
        and orders.channel is not null
        and orders.occurred_at >= {{ snapshot_date() }} - 365
    group by customers.customer_id, orders.channel
),

brought as (
    select
        inviters.customer_id,
        count(distinct invitees.customer_id) as people_brought
    from {{ ref('fct_shares') }} as shares
    inner join customers as inviters
        on shares.inviter_record_no = inviters.record_no
    inner join customers as invitees
        on shares.invitee_record_no = invitees.record_no and inviters.customer_id <> invitees.customer_id
    where
        {{ current_at_snapshot('shares') }}
        and shares.outcome in ('joined', 'ordered')
        and shares.occurred_at >= {{ snapshot_date() }} - 365
    group by inviters.customer_id
),

needs as (
    {{ level_needs('rhythm') }}
),

levels as (
    select
        cohort.customer_id,
        max(needs.level_rank) as level_rank
    from {{ ref('customer_cohort') }} as cohort
    left join rhythm
        on cohort.customer_id = rhythm.customer_id
    left join brought
        on cohort.customer_id = brought.customer_id
    inner join needs
        on
            needs.standing = 'reach'
            and needs.needs_activity <= case when cohort.last_activity_at >= {{ snapshot_date() }} - 365 then 1 else 0 end
            and needs.order_days <= coalesce(rhythm.order_days_reach, 0)
            and needs.people_brought <= coalesce(brought.people_brought, 0)
    where cohort.as_of_date = {{ snapshot_date() }}
    group by cohort.customer_id
),

stated as (
    select
        customers.customer_id,
        {{ gender_key('profiles.gender') }} as gender,
        floor({{ days_between(snapshot_date(), 'profiles.birth_date') }} / 365.25) as age,
        row_number() over (
            partition by customers.customer_id
            order by
                case when profiles.gender is null then 1 else 0 end,
                profiles.known_at desc,
                {{ row_digest(['profiles.source', 'profiles.source_key', 'profiles.gender']) }}
        ) as gender_rank,
        row_number() over (
            partition by customers.customer_id
            order by
                case when profiles.birth_date is null then 1 else 0 end,
                profiles.known_at desc,
                {{ row_digest(['profiles.source', 'profiles.source_key', 'profiles.birth_date']) }}
        ) as age_rank
    from {{ ref('stg_profiles') }} as profiles
    inner join {{ ref('int_identity__records') }} as records
        on profiles.source = records.source and profiles.source_key = records.source_key
    inner join customers
        on records.record_no = customers.record_no
    where {{ visible_at_snapshot('profiles') }}
),

traits as (
    select
        customer_id,
        max(case when gender_rank = 1 then gender end) as gender,
        max(case when age_rank = 1 then age end) as age
    from stated
    group by customer_id
)

select
    cohort.customer_id,
    cohort.as_of_date,
    case
        when rhythm.tenure_days is null then 'none'
        when rhythm.tenure_days <= 90 then 'new'
        when rhythm.order_days_reach > 0 and rhythm.place <= 0.2 then 'heavy'
        else 'light'
    end as experience,
    channels.channel,
    level_rules.level,
    traits.gender,
    case
        when traits.age < 25 then 'under 25'
        when traits.age < 35 then '25 to 34'
        when traits.age < 45 then '35 to 44'
        when traits.age < 55 then '45 to 54'
        when traits.age < 65 then '55 to 64'
        when traits.age >= 65 then '65 and over'
    end as age_band
from {{ ref('customer_cohort') }} as cohort
left join rhythm
    on cohort.customer_id = rhythm.customer_id
left join channels
    on cohort.customer_id = channels.customer_id and channels.channel_rank = 1
left join levels
    on cohort.customer_id = levels.customer_id
left join {{ ref('level_rules') }} as level_rules
    on levels.level_rank = level_rules.level_rank
left join traits
    on cohort.customer_id = traits.customer_id
where cohort.as_of_date = {{ snapshot_date() }}
