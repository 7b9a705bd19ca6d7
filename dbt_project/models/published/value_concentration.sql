-- One row per kind of value and share of the customers: how much of it the top of them hold.
with people as (
    select
        activity.customer_no,
        activity.orders_amount as own_money,
        coalesce(bringing.revenue_brought, 0) as revenue_brought
    from {{ ref('int_customer__activity') }} as activity
    left join {{ ref('int_customer__bringing') }} as bringing
        on activity.customer_no = bringing.customer_no
),

amounts as (
    select
        customer_no,
        'own_money' as value_kind,
        own_money as amount
    from people

    union all
    select
        customer_no,
        'revenue_brought' as value_kind,
        revenue_brought as amount
    from people

    union all
    select
        customer_no,
        'both' as value_kind,
        coalesce(own_money, 0) + revenue_brought as amount
    from people
),

-- Among equals it makes no difference to the sum who of them belongs to the top.
ranked as (
    select
        value_kind,
        amount,
        row_number() over (partition by value_kind order by amount desc, customer_no asc) as place,
        count(*) over (partition by value_kind) as people_count
    from amounts
    where amount > 0
),

tops as (
    select
        ranked.value_kind,
        shares.top_share,
        count(case when ranked.place < ranked.people_count * shares.top_share + 1 then 1 end) as customers,
        sum(case when ranked.place < ranked.people_count * shares.top_share + 1 then ranked.amount end) as amount,
        sum(ranked.amount) as all_amount,
        min(ranked.people_count) as all_customers
    from ranked
    cross join {{ ref('top_shares') }} as shares
    group by ranked.value_kind, shares.top_share
)

select
    value_kind,
    cast(top_share as decimal(4, 2)) as top_share,
    customers,
    all_customers,
    cast(amount as decimal(18, 4)) as amount,
    {{ significant('cast(amount as double) / cast(all_amount as double)') }} as share_of_all
from tops
