-- One row per customer and topic: the channel, store, category, hour, … seen most often, how many of how many it was, and of how
-- many different ones. Ties go to the alphabetically first.
-- topic: (facts, customer, what is counted, among which facts). Each topic is counted by itself, so that no row of facts is copied.
{% set days = "case " ~ iso_weekday("occurred_at") ~ " when 1 then 'Monday' when 2 then 'Tuesday' when 3 then 'Wednesday'"
    ~ " when 4 then 'Thursday' when 5 then 'Friday' when 6 then 'Saturday' else 'Sunday' end" %}
{% set orders, lines, acts = ref('int_customer__orders'), ref('int_customer__order_lines'), ref('int_customer__interactions') %}
{% set shares, messages = ref('int_customer__shares'), ref('int_customer__contacts') %}
{% set bought, answered = "status = 'completed'", "outcome in ('opened', 'clicked', 'redeemed')" %}
{% set topics = {
    "channel": (orders, "customer_no", "channel", bought),
    "store": (orders, "customer_no", "store_id", bought),
    "weekday": (orders, "customer_no", days, bought),
    "hour": (orders, "customer_no", "lpad(cast(extract(hour from occurred_at) as string), 2, '0')", bought),
    "daypart": (orders, "customer_no", daypart("occurred_at"), bought),
    "month": (orders, "customer_no", "lpad(cast(extract(month from occurred_at) as string), 2, '0')", bought),
    "category": (lines, "customer_no", "category", "true"),
    "brand": (lines, "customer_no", "brand", "true"),
    "product": (lines, "customer_no", "product_id", "true"),
    "place": (acts, "customer_no", "place", "true"),
    "browsing_channel": (acts, "customer_no", "channel", "true"),
    "browsing_daypart": (acts, "customer_no", daypart("occurred_at"), "kind in ('view', 'search', 'cart')"),
    "viewed_product": (acts, "customer_no", "product_id", "kind = 'view'"),
    "share_channel": (shares, "inviter_no", "channel", "true"),
    "share_daypart": (shares, "inviter_no", daypart("occurred_at"), "true"),
    "message_channel": (messages, "customer_no", "channel", answered),
} %}
{% for topic, (facts, customer, choice, condition) in topics.items() %}
{{ "union all" if not loop.first }}
select
    customer_no,
    '{{ topic }}' as topic,
    -- The least text is the choice seen most often: one pass, where ranking the choices would sort them all.
    substr(min(lpad(cast(1000000000 - times as string), 10, '0') || choice), 11) as choice,
    max(times) as times,
    cast(sum(times) as bigint) as times_all,
    count(*) as choices_count
from (
    select
        {{ customer }} as customer_no,
        {{ choice }} as choice,
        count(*) as times
    from {{ facts }}
    where {{ condition }} and {{ choice }} is not null
    group by {{ customer }}, {{ choice }}
) as counted
group by customer_no
{% endfor %}
