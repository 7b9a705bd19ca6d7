-- One row per customer who was written to and snapshot date: how much, and how it was received.
-- Outcomes are the furthest stage: whoever clicked has opened. Who unsubscribed or complained has read it, too.
with customers as (
    {{ customers_at_snapshot() }}
),

messages as (
    select
        customers.customer_id,
        {{ days_ago('contacts.occurred_at') }} as days_ago,
        cast(count(*) as integer) as sent,
        cast(count(case when contacts.outcome in ('opened', 'clicked', 'redeemed', 'unsubscribed', 'complained') then 1 end) as integer) as opened,
        cast(count(case when contacts.outcome in ('clicked', 'redeemed') then 1 end) as integer) as clicked,
        cast(count(case when contacts.outcome = 'redeemed' then 1 end) as integer) as redeemed,
        cast(count(case when contacts.outcome in ('unsubscribed', 'complained') then 1 end) as integer) as refused
    from {{ ref('fct_contacts') }} as contacts
    inner join customers
        on contacts.record_no = customers.record_no
    where {{ current_at_snapshot('contacts') }}
    group by customers.customer_id, {{ days_ago('contacts.occurred_at') }}
)

select
    customer_id,
    {{ catalogue('messages', 'messages') }},
    {{ snapshot_date() }} as as_of_date
from messages
group by customer_id
