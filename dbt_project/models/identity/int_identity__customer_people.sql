-- One row per customer of several records: how many, from how many sources, and how many people they may be.
-- As for shared values: names or birth dates that differ within one source are people.
with customers as (
    select
        people.customer_no,
        max(people.customer_id) as customer_id,
        count(*) as records_count,
        count(distinct people.source) as sources_count
    from {{ ref('int_identity__customers_now') }} as people
    group by people.customer_no
    having count(*) > 1
),

stated as (
    select
        people.customer_no,
        traits.source,
        traits.trait,
        count(distinct traits.stated) as people_count
    from {{ ref('int_identity__traits') }} as traits
    inner join {{ ref('int_identity__customers_now') }} as people
        on traits.record_no = people.record_no
    inner join customers
        on people.customer_no = customers.customer_no
    where traits.junk is null
    group by people.customer_no, traits.source, traits.trait
),

people as (
    select
        customer_no,
        max(people_count) as people_count
    from stated
    group by customer_no
)

select
    customers.customer_no,
    customers.customer_id,
    customers.records_count,
    customers.sources_count,
    coalesce(people.people_count, 1) as people_count
from customers
left join people
    on customers.customer_no = people.customer_no
