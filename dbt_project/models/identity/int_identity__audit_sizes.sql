-- One row per topic and rank of the audit's figures on the sizes of customers.
with customers as (
    select
        customer_no,
        count(*) as records_count
    from {{ ref('int_identity__customers_now') }}
    group by customer_no
),

sizes as (
    select
        records_count,
        count(*) as customers_count
    from customers
    group by records_count
),

cumulated as (
    select
        records_count,
        customers_count,
        sum(customers_count) over (order by records_count rows between unbounded preceding and current row) as up_to,
        sum(customers_count) over () as everybody
    from sizes
),

figures as (
    select
        1 as rank,
        'records' as item,
        sum(records_count * customers_count) as number
    from sizes
    union all
    select
        2 as rank,
        'customers' as item,
        sum(customers_count) as number
    from sizes
    union all
    select
        3 as rank,
        'customers of one record' as item,
        sum(case when records_count = 1 then customers_count else 0 end) as number
    from sizes
    union all
    select
        4 as rank,
        'records per customer, half have at most' as item,
        min(case when up_to * 2 >= everybody then records_count end) as number
    from cumulated
    union all
    select
        5 as rank,
        'records per customer, 99 of 100 have at most' as item,
        min(case when up_to * 100 >= everybody * 99 then records_count end) as number
    from cumulated
    union all
    select
        6 as rank,
        'records per customer, the largest has' as item,
        max(records_count) as number
    from sizes
    union all
    select
        7 as rank,
        'times that two customers turned out to be one' as item,
        count(*) as number
    from {{ source('resolved', 'merges') }}
),

bands as (
    select
        case
            when records_count <= 5 then records_count
            when records_count <= 10 then 6
            when records_count <= 20 then 7
            when records_count <= 50 then 8
            else 9
        end as rank,
        case
            when records_count = 1 then '1 record'
            when records_count <= 5 then cast(records_count as string) || ' records'
            when records_count <= 10 then '6 to 10 records'
            when records_count <= 20 then '11 to 20 records'
            when records_count <= 50 then '21 to 50 records'
            else 'more than 50 records'
        end as item,
        customers_count
    from sizes
)

select
    'size' as topic,
    rank,
    item,
    coalesce(number, 0) as number
from figures

union all
select
    'several_people' as topic,
    1 as rank,
    'customers whose records speak of several people' as item,
    count(*) as number
from {{ ref('int_identity__customer_people') }}
where people_count > 1

union all
select
    'size_band' as topic,
    rank,
    item,
    sum(customers_count) as number
from bands
group by rank, item
