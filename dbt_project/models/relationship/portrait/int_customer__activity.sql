-- One row per customer: what it did in all, across orders, interactions, messages, shares and sales.
{% set counts = {
    "orders": ["orders_count", "orders_count_365d", "cancelled_orders_count", "returned_orders_count", "coupon_orders_count", "store_orders_count"],
    "acts": ["interactions_count", "view_count", "search_count", "interest_stage_count", "search_stage_count", "place_acts_count"],
    "shares": ["shares_sent_count", "shares_received_count"],
    "messages": ["messages_count"],
    "sales": ["sold_orders_count", "sold_orders_count_365d"],
} %}
{% set amounts = {"orders": ["orders_amount", "orders_amount_365d"], "sales": ["sold_orders_amount", "sold_orders_amount_365d"]} %}
with consents as (
    select
        customer_no,
        {{ joined_texts('purpose') }} as agreed_channels,
        count(*) as agreed_channels_count
    from {{ ref('int_customer__consents') }}
    where granted and purpose in ('email', 'sms', 'push')
    group by customer_no
),

joined as (
    select
        people.customer_no,
        people.roles,
        people.records_count,
        people.sources,
        people.sources_count,
        {{ days_between(as_of_date(), "people.first_seen_at") }} as days_known,
        consents.agreed_channels,
        coalesce(consents.agreed_channels_count, 0) as agreed_channels_count,
        {%- for table, columns in counts.items() %}
        {%- for column in columns %}
        coalesce({{ table }}.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        {%- endfor %}
        {%- for table, columns in amounts.items() %}
        {%- for column in columns %}
        coalesce({{ table }}.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        {%- endfor %}
        orders.first_order_at,
        orders.last_order_at,
        orders.days_since_last_order,
        acts.last_interaction_at,
        acts.last_complaint_at,
        acts.last_service_at,
        shares.last_share_at,
        shares.last_share_received_at
    from {{ ref('int_customer__roles') }} as people
    left join {{ ref('int_customer__order_habits') }} as orders
        on people.customer_no = orders.customer_no
    left join {{ ref('int_customer__browsing_habits') }} as acts
        on people.customer_no = acts.customer_no
    left join {{ ref('int_customer__sharing_habits') }} as shares
        on people.customer_no = shares.customer_no
    left join {{ ref('int_customer__message_habits') }} as messages
        on people.customer_no = messages.customer_no
    left join {{ ref('int_customer__sales') }} as sales
        on people.customer_no = sales.customer_no
    left join consents
        on people.customer_no = consents.customer_no
),

measured as (
    select
        *,
        interactions_count - place_acts_count + orders_count - store_orders_count as distant_touches_count,
        place_acts_count + store_orders_count as store_touches_count,
        case when view_count > 0 and orders_count > 0
            then {{ decimal_of("cast(view_count as double) / orders_count", 18, 1) }} end as views_per_order
    from joined
)

select
    *,
    {{ place_among("days_known", "true") }} as tenure_place,
    {{ place_among("views_per_order", "views_per_order is not null") }} as views_per_order_place
from measured
