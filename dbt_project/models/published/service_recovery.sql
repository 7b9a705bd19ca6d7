-- One row per kind of service contact and channel: whether, and how soon, those customers ordered again.
{% set windows = [30, 60, 90] %}
with contacts as (
    select
        *,
        coalesce(days_to_next_order, days_observed) as days_followed
    from (
        {% for channel, condition in [("'all'", "1 = 1"), ("coalesce(channel, 'unknown')", "coalesce(channel, '') <> 'all'")] %}
        select
            customer_no,
            kind,
            {{ channel }} as channel,
            occurred_at,
            days_to_next_order,
            days_observed
        from {{ ref('int_customer__service_contacts') }}
        where {{ condition }}
        {{ "union all" if not loop.last }}
        {% endfor %}
    ) as by_channel
),

counted as (
    select
        kind,
        channel,
        count(*) as contacts,
        {%- for days in windows %}
        count(case when days_observed > {{ days }} then 1 end) as contacts_judged_{{ days }}d,
        count(case when days_observed > {{ days }} and days_to_next_order <= {{ days }} then 1 end) as contacts_ordered_{{ days }}d,
        {%- endfor %}
        count(distinct customer_no) as customers
    from contacts
    group by kind, channel
),

recovery as (
    {{ kaplan_meier_median('contacts', ['kind', 'channel'], 'days_followed', 'days_to_next_order is not null') }}
),

-- The customers' own pace before they first had such a contact: the gaps between the days on which they ordered.
first_contacts as (
    select
        kind,
        channel,
        customer_no,
        min(occurred_at) as first_contact_at
    from contacts
    group by kind, channel, customer_no
),

order_days as (
    select distinct
        orders.customer_no,
        cast(orders.occurred_at as date) as order_date
    from {{ ref('int_customer__orders') }} as orders
    inner join (select distinct customer_no from first_contacts) as people
        on orders.customer_no = people.customer_no
    where orders.status = 'completed'
),

gaps as (
    select
        customer_no,
        order_date,
        {{ days_between('order_date', 'lag(order_date) over (partition by customer_no order by order_date)') }} as gap_days
    from order_days
),

usual as (
    select
        first_contacts.kind,
        first_contacts.channel,
        median(gaps.gap_days) as median_gap_days
    from first_contacts
    inner join gaps
        on first_contacts.customer_no = gaps.customer_no and gaps.order_date <= cast(first_contacts.first_contact_at as date)
    group by first_contacts.kind, first_contacts.channel
)

select
    counted.kind,
    counted.channel,
    counted.contacts,
    counted.customers,
    {%- for days in windows %}
    counted.contacts_judged_{{ days }}d,
    case when counted.contacts_judged_{{ days }}d > 0 then
        {{ significant('cast(counted.contacts_ordered_' ~ days ~ 'd as double) / counted.contacts_judged_' ~ days ~ 'd') }}
    end as share_ordered_{{ days }}d,
    {%- endfor %}
    cast(recovery.median_days as integer) as median_days_to_next_order,
    cast(usual.median_gap_days as double) as median_gap_days_before
from counted
left join recovery
    on counted.kind = recovery.kind and counted.channel = recovery.channel
left join usual
    on counted.kind = usual.kind and counted.channel = usual.channel
