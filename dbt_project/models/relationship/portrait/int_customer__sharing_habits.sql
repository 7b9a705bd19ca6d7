-- One row per customer who sent or received a share: how often, to how many people, and what became of it.
-- A share to oneself (two records of one person) reaches nobody.
with ends as (
    select
        inviter_no as customer_no,
        1 as is_sent,
        invitee_no as other_no,
        product_id,
        outcome,
        occurred_at
    from {{ ref('int_customer__shares') }}

    union all
    select
        invitee_no as customer_no,
        0 as is_sent,
        inviter_no as other_no,
        product_id,
        outcome,
        occurred_at
    from {{ ref('int_customer__shares') }}
    where invitee_no is not null
),

counted as (
    select
        customer_no,
        {%- for noun, is_sent in {"sent": 1, "received": 0}.items() %}
        count(case when is_sent = {{ is_sent }} then 1 end) as shares_{{ noun }}_count,
        count(distinct case when is_sent = {{ is_sent }} and other_no <> customer_no then other_no end) as {{ noun }}_people_count,
        count(case when is_sent = {{ is_sent }} and outcome in ('opened', 'joined', 'ordered') then 1 end) as {{ noun }}_opened_count,
        count(distinct case when is_sent = {{ is_sent }} and other_no <> customer_no and outcome in ('joined', 'ordered') then other_no end)
            as {{ noun }}_converted_count,
        {%- endfor %}
        count(case when is_sent = 1 and outcome in ('joined', 'ordered') then 1 end) as sent_converted_shares_count,
        count(case when is_sent = 1 then product_id end) as sent_product_shares_count,
        count(case when is_sent = 1 and occurred_at >= {{ as_of_date() }} - 90 then 1 end) as shares_sent_count_90d,
        max(case when is_sent = 1 then occurred_at end) as last_share_at,
        max(case when is_sent = 0 then occurred_at end) as last_share_received_at
    from ends
    group by customer_no
)

select
    *,
    {{ days_between(as_of_date(), "last_share_at") }} as days_since_last_share,
    {{ percent("sent_converted_shares_count", "shares_sent_count") }} as sent_converted_percent,
    {{ percent("sum(sent_converted_shares_count) over ()", "sum(shares_sent_count) over ()") }} as brand_converted_percent,
    {{ place_among("sent_people_count", "shares_sent_count > 0") }} as reach_place
from counted
