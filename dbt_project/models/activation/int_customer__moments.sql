-- One row per customer: what has just happened to it, for lists that answer a moment.
-- A null says that it never happened, or that the brand delivers nothing of the kind.
with messages as (
    select
        customer_no,
        count(case when occurred_at >= {{ as_of_date() }} - 90 then 1 end) as messages_count_90d,
        count(
            case when occurred_at >= {{ as_of_date() }} - 90 and outcome in ('opened', 'clicked', 'redeemed') then 1 end
        ) as messages_answered_count_90d,
        count(
            case when occurred_at >= {{ as_of_date() }} - 365 and outcome in ('unsubscribed', 'complained') then 1 end
        ) as messages_stopped_count_365d
    from {{ ref('int_customer__contacts') }}
    group by customer_no
),

memberships as (
    select
        people.customer_no,
        min(identifiers.known_at) as member_since
    from {{ ref('int_identity__identifiers') }} as identifiers
    inner join {{ ref('role_rules') }} as rules
        on rules.role = 'member' and rules.evidence = 'identifier' and rules.word = lower(identifiers.id_type)
    inner join {{ ref('int_identity__customers_now') }} as people
        on identifiers.record_no = people.record_no
    group by people.customer_no
)

select
    people.customer_no,
    {{ whole_quotient(seconds_between("cast(" ~ as_of_date() ~ " as timestamp)", "activity.last_order_at"), 3600) }} as hours_since_last_order,
    {{ days_between(as_of_date(), 'cases.last_complaint_at') }} as days_since_last_complaint,
    cases.last_complaint_topic,
    coalesce(cases.is_complaint_open, false) as is_complaint_open,
    {{ days_between(as_of_date(), 'cases.last_return_at') }} as days_since_last_return,
    coalesce(visits.empty_visits_count_14d, 0) as empty_visits_count_14d,
    {{ days_between(as_of_date(), 'visits.last_empty_visit_at') }} as days_since_last_empty_visit,
    {{ days_between(as_of_date(), 'memberships.member_since') }} as member_days,
    coalesce(messages.messages_count_90d, 0) as messages_count_90d,
    coalesce(messages.messages_answered_count_90d, 0) as messages_answered_count_90d,
    coalesce(messages.messages_stopped_count_365d, 0) as messages_stopped_count_365d,
    products.new_product_id,
    products.new_product_name,
    devices.days_since_last_reading
from {{ ref('int_customer__roles') }} as people
inner join {{ ref('int_customer__activity') }} as activity
    on people.customer_no = activity.customer_no
left join {{ ref('int_customer__service_cases') }} as cases
    on people.customer_no = cases.customer_no
left join {{ ref('int_customer__empty_visits') }} as visits
    on people.customer_no = visits.customer_no
left join {{ ref('int_customer__new_products') }} as products
    on people.customer_no = products.customer_no
left join messages
    on people.customer_no = messages.customer_no
left join memberships
    on people.customer_no = memberships.customer_no
left join {{ ref('int_customer__device_habits') }} as devices
    on people.customer_no = devices.customer_no and devices.metric_rank = 1
