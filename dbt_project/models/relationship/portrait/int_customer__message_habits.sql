-- One row per customer who was sent a message: what became of messages, in all and by channel.
{% set channels = ["email", "sms", "push"] %}
with totals as (
    select
        customer_no,
        count(*) as messages_count,
        count(case when occurred_at >= {{ as_of_date() }} - 90 then 1 end) as messages_count_90d,
        count(case when outcome in ('opened', 'clicked', 'redeemed') then 1 end) as answered_count,
        count(case when outcome = 'redeemed' then 1 end) as redeemed_count,
        count(case when outcome = 'complained' then 1 end) as complained_count,
        {%- for channel in channels %}
        count(case when channel = '{{ channel }}' then 1 end) as {{ channel }}_count,
        count(case when channel = '{{ channel }}' and outcome in ('opened', 'clicked', 'redeemed') then 1 end) as {{ channel }}_opened_count,
        count(case when channel = '{{ channel }}' and outcome in ('clicked', 'redeemed') then 1 end) as {{ channel }}_clicked_count,
        count(case when channel = '{{ channel }}' and outcome in ('unsubscribed', 'complained') then 1 end) as {{ channel }}_stopped_count,
        {%- endfor %}
        max(case when outcome in ('opened', 'clicked', 'redeemed') then occurred_at end) as last_answered_at
    from {{ ref('int_customer__contacts') }}
    group by customer_no
)

select
    *,
    {{ days_between(as_of_date(), "last_answered_at") }} as days_since_last_answer,
    {%- for channel in channels %}
    {{ percent(channel ~ "_opened_count", channel ~ "_count") }} as {{ channel }}_opened_percent,
    {{ percent("sum(" ~ channel ~ "_opened_count) over ()", "sum(" ~ channel ~ "_count) over ()") }} as brand_{{ channel }}_opened_percent,
    {%- endfor %}
    {{ place_among("messages_count_90d", "messages_count_90d > 0") }} as pressure_place
from totals
