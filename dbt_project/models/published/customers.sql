-- One row per customer known at as_of_date: who it is, what it did, how close it stands, what is expected.
{% set purposes = ["profiling", "email", "sms", "push", "ad_user_data", "ad_personalization"] %}
{% set tags = ["favourite_channel", "favourite_store", "favourite_category", "favourite_brand", "favourite_weekday", "favourite_hour",
    "recency_tier", "frequency_tier", "money_tier", "spending_grade", "life_stage", "aisas_stage", "price_sensitivity",
    "coupon_sensitivity", "device_trend"] %}
{% set moments = ["hours_since_last_order", "days_since_last_complaint", "last_complaint_topic", "is_complaint_open", "days_since_last_return",
    "empty_visits_count_14d", "days_since_last_empty_visit", "member_days", "messages_count_90d", "messages_answered_count_90d",
    "messages_stopped_count_365d", "new_product_id", "new_product_name", "days_since_last_reading"] %}
with consents as (
    select
        customer_no
        {%- for purpose in purposes %},
        max(case when purpose = '{{ purpose }}' then case when granted then 1 else 0 end end) = 1 as consent_{{ purpose }}
        {%- endfor %}
    from {{ ref('int_customer__consents') }}
    group by customer_no
),

-- The tags themselves, so that the wide columns and customer_tags cannot disagree; who refused profiling has none.
portraits as (
    select
        customer_id
        {%- for tag in tags %},
        max(case when tag = '{{ tag }}' then tag_value end) as {{ tag }}
        {%- endfor %}
    from {{ ref('int_customer__tags') }}
    where tag in ('{{ tags | join("', '") }}')
    group by customer_id
),

levels as (
    {{ levels_now() }}
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
        {%- for name, target, column in score_columns() %},
        max(case when scores.target = '{{ target }}' then scores.{{ column }} end) as {{ name }}
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

    activity.orders_count,
    cast(activity.orders_amount as decimal(18, 4)) as orders_amount,
    activity.orders_count_365d,
    cast(activity.orders_amount_365d as decimal(18, 4)) as orders_amount_365d,
    activity.cancelled_orders_count,
    activity.returned_orders_count,
    activity.coupon_orders_count,
    activity.first_order_at,
    activity.last_order_at,
    activity.days_since_last_order,
    activity.interactions_count,
    activity.last_interaction_at,
    activity.shares_sent_count,
    activity.shares_received_count,
    coalesce(bringing.people_reached_count, 0) as people_reached_count,
    coalesce(bringing.people_brought_count, 0) as people_brought_count,
    cast(coalesce(bringing.revenue_brought, 0) as decimal(18, 4)) as revenue_brought,
    activity.sold_orders_count,
    cast(activity.sold_orders_amount as decimal(18, 4)) as sold_orders_amount,
    activity.sold_orders_count_365d,
    cast(activity.sold_orders_amount_365d as decimal(18, 4)) as sold_orders_amount_365d,
    {%- for tag in tags %}
    portraits.{{ tag }},
    {%- endfor %}
    {%- for moment in moments %}
    moments.{{ moment }},
    {%- endfor %}

    coalesce(levels.level, 'none') as level,
    levels.since as level_since,
    cast({{ days_between(as_of_date(), 'levels.since') }} as integer) as level_days,
    levels.last_reason as level_reason
    {%- for name, target, column in score_columns() %},
    scores.{{ name }}
    {%- endfor %}
from {{ ref('int_customer__roles') }} as people
left join {{ ref('int_customer__golden_record') }} as golden
    on people.customer_no = golden.customer_no
left join {{ ref('int_customer__household') }} as households
    on people.customer_no = households.customer_no
left join consents
    on people.customer_no = consents.customer_no
inner join {{ ref('int_customer__activity') }} as activity
    on people.customer_no = activity.customer_no
left join {{ ref('int_customer__bringing') }} as bringing
    on people.customer_no = bringing.customer_no
inner join {{ ref('int_customer__moments') }} as moments
    on people.customer_no = moments.customer_no
left join portraits
    on people.customer_id = portraits.customer_id
left join levels
    on people.customer_id = levels.customer_id
left join scores
    on people.customer_id = scores.customer_id
