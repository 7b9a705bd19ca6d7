-- One row per customer and tag, with the evidence a marketer can read. Who refused profiling has no tags.
with activity as (
    select * from {{ ref('int_customer__activity') }}
),

buyers as (
    select
        customer_no,
        orders_count,
        orders_amount,
        orders_count_365d,
        coupon_orders_count,
        {{ days_between(as_of_date(), 'last_order_at') }} as days_since_last_order,
        {{ days_between(as_of_date(), 'first_order_at') }} as days_since_first_order,
        row_number() over (order by last_order_at desc, customer_no asc) as recency_rank,
        row_number() over (order by orders_count desc, customer_no asc) as frequency_rank,
        row_number() over (order by orders_amount desc, customer_no asc) as money_rank,
        count(*) over () as buyers_count
    from activity
    where orders_count > 0
),

tags as (
    {% for tag, rank, evidence in [
        ("recency_tier", "recency_rank", "'last order ' || cast(days_since_last_order as varchar) || ' days ago'"),
        ("frequency_tier", "frequency_rank", "cast(orders_count as varchar) || ' orders so far'"),
        ("money_tier", "money_rank", "'spent ' || cast(cast(orders_amount as decimal(18, 2)) as varchar) || ' so far'"),
    ] %}
    select
        customer_no,
        '{{ tag }}' as tag,
        case
            when {{ rank }} <= 0.2 * buyers_count then 'top 20 %'
            when {{ rank }} <= 0.5 * buyers_count then 'upper half'
            else 'lower half'
        end as tag_value,
        {{ evidence }} as evidence
    from buyers

    union all
    {% endfor %}
    select
        customer_no,
        'life_stage' as tag,
        case
            when days_since_first_order <= 90 then 'new'
            when days_since_last_order > 365 then 'lost'
            when days_since_last_order > 180 then 'sleeping'
            when orders_count_365d >= 4 then 'loyal'
            when days_since_last_order > 90 then 'cooling'
            else 'growing'
        end as tag_value,
        'first order ' || cast(days_since_first_order as varchar) || ' days ago, last '
        || cast(days_since_last_order as varchar) || ' days ago' as evidence
    from buyers

    union all
    select
        customer_no,
        'coupon_use' as tag,
        case
            when coupon_orders_count = 0 then 'never'
            when 2 * coupon_orders_count >= orders_count then 'often'
            else 'sometimes'
        end as tag_value,
        cast(coupon_orders_count as varchar) || ' of ' || cast(orders_count as varchar) || ' orders with a coupon' as evidence
    from buyers

    union all
    select
        customer_no,
        'favourite_' || topic as tag,
        choice as tag_value,
        cast(times as varchar) || ' of ' || cast(times_all as varchar)
        || case when topic = 'category' then ' order lines' else ' orders' end as evidence
    from {{ ref('int_customer__favourites') }}

    union all
    select
        customer_no,
        'sharing' as tag,
        case when coalesce(shares_sent_count, 0) = 0 then 'receives' when shares_sent_count >= 5 then 'shares often' else 'shares' end as tag_value,
        cast(coalesce(shares_sent_count, 0) as varchar) || ' shares sent, '
        || cast(coalesce(shares_received_count, 0) as varchar) || ' received' as evidence
    from activity
    where shares_sent_count > 0 or shares_received_count > 0

    union all
    select
        customer_no,
        'aisas_stage' as tag,
        case
            when shares_sent_count > 0 then 'share'
            when orders_count > 0 then 'action'
            when searches_count > 0 then 'search'
            when interactions_count > 0 then 'interest'
            else 'attention'
        end as tag_value,
        'the furthest of attention, interest, search, action and share that was reached' as evidence
    from activity
)

select
    people.customer_id,
    tags.tag,
    tags.tag_value,
    tags.evidence
from tags
inner join {{ ref('int_customer__roles') }} as people
    on tags.customer_no = people.customer_no
left join {{ ref('int_customer__refusals') }} as refusals
    on tags.customer_no = refusals.customer_no
where refusals.customer_no is null
