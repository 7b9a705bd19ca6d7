-- One row per customer known at as_of_date: who it is, what it did, how close it stands, what is expected.
{% set purposes = ["profiling", "email", "sms", "push", "ad_user_data", "ad_personalization"] %}
{% set targets = ["next_purchase", "churn", "share"] %}
with consents as (
    select
        customer_no
        {%- for purpose in purposes %},
        max(case when purpose = '{{ purpose }}' then case when granted then 1 else 0 end end) = 1 as consent_{{ purpose }}
        {%- endfor %}
    from {{ ref('int_customer__consents') }}
    group by customer_no
),

favourites as (
    select
        customer_no
        {%- for topic in ["channel", "store", "category", "weekday", "hour"] %},
        max(case when topic = '{{ topic }}' then choice end) as favourite_{{ topic }}
        {%- endfor %}
    from {{ ref('int_customer__favourites') }}
    group by customer_no
),

levels as (
    select
        customer_id,
        level,
        since,
        last_reason
    from {{ ref('int_customer__levels') }}
    where as_of_date = (select max(as_of_date) from {{ ref('int_customer__levels') }})
),

-- A target with several horizons is shown here at its shortest; all of them are in customer_scores.
shortest as (
    select
        target,
        min(horizon_days) as horizon_days
    from {{ source('control', 'targets') }}
    group by target
),

scores as (
    select
        scores.customer_id
        {%- for target in targets %},
        max(case when scores.target = '{{ target }}' then scores.probability end) as {{ target }}_probability,
        max(case when scores.target = '{{ target }}' then scores.decile end) as {{ target }}_decile,
        max(case when scores.target = '{{ target }}' then scores.band end) as {{ target }}_band
        {%- endfor %}
    from {{ ref('customer_scores') }} as scores
    inner join shortest
        on scores.target = shortest.target and scores.horizon_days = shortest.horizon_days
    group by scores.customer_id
)

select
    people.customer_id,
    {{ as_of_date() }} as as_of_date,

    {%- for field in golden_fields() %}
    golden.{{ field }},
    {%- endfor %}
    {%- for unit in golden_units() %}
    golden.{{ unit }}_source,
    {%- endfor %}
    people.roles,
    people.sources,
    people.records_count,
    households.household_id,
    coalesce(households.household_size, 1) as household_size,
    people.first_seen_at,
    greatest(
        people.first_seen_at, activity.last_order_at, activity.last_interaction_at,
        activity.last_share_at, activity.last_share_received_at
    ) as last_seen_at,
    {%- for purpose in purposes %}
    consents.consent_{{ purpose }},
    {%- endfor %}

    coalesce(activity.orders_count, 0) as orders_count,
    cast(coalesce(activity.orders_amount, 0) as decimal(18, 4)) as orders_amount,
    coalesce(activity.orders_count_365d, 0) as orders_count_365d,
    cast(coalesce(activity.orders_amount_365d, 0) as decimal(18, 4)) as orders_amount_365d,
    coalesce(activity.cancelled_orders_count, 0) as cancelled_orders_count,
    coalesce(activity.returned_orders_count, 0) as returned_orders_count,
    coalesce(activity.coupon_orders_count, 0) as coupon_orders_count,
    activity.first_order_at,
    activity.last_order_at,
    {{ days_between(as_of_date(), 'activity.last_order_at') }} as days_since_last_order,
    coalesce(activity.interactions_count, 0) as interactions_count,
    activity.last_interaction_at,
    coalesce(activity.shares_sent_count, 0) as shares_sent_count,
    coalesce(activity.shares_received_count, 0) as shares_received_count,
    coalesce(bringing.people_reached_count, 0) as people_reached_count,
    coalesce(bringing.people_brought_count, 0) as people_brought_count,
    cast(coalesce(bringing.revenue_brought, 0) as decimal(18, 4)) as revenue_brought,
    favourites.favourite_channel,
    favourites.favourite_store,
    favourites.favourite_category,
    favourites.favourite_weekday,
    favourites.favourite_hour,

    coalesce(levels.level, 'none') as level,
    levels.since as level_since,
    cast({{ days_between(as_of_date(), 'levels.since') }} as integer) as level_days,
    levels.last_reason as level_reason
    {%- for target in targets %},
    scores.{{ target }}_probability,
    scores.{{ target }}_decile,
    scores.{{ target }}_band
    {%- endfor %}
from {{ ref('int_customer__roles') }} as people
left join {{ ref('int_customer__golden_record') }} as golden
    on people.customer_no = golden.customer_no
left join {{ ref('int_customer__household') }} as households
    on people.customer_no = households.customer_no
left join consents
    on people.customer_no = consents.customer_no
left join {{ ref('int_customer__activity') }} as activity
    on people.customer_no = activity.customer_no
left join {{ ref('int_customer__bringing') }} as bringing
    on people.customer_no = bringing.customer_no
left join favourites
    on people.customer_no = favourites.customer_no
left join levels
    on people.customer_id = levels.customer_id
left join scores
    on people.customer_id = scores.customer_id
