-- One row per tag of the catalogue: what it means, and how many customers have it.
with values_found as (
    select
        tag,
        tag_value,
        count(*) as customers
    from {{ ref('int_customer__tags') }}
    group by tag, tag_value
),

ranked as (
    select
        *,
        row_number() over (partition by tag order by customers desc, tag_value asc) as value_rank
    from values_found
),

counted as (
    select
        tag,
        cast(sum(customers) as bigint) as customers,
        max(case when value_rank = 1 then tag_value end) as commonest_value
    from ranked
    group by tag
),

allowed as (
    select count(*) as customers
    from {{ ref('int_customer__roles') }} as people
    left join {{ ref('int_customer__refusals') }} as refusals
        on people.customer_no = refusals.customer_no
    where refusals.customer_no is null
),

shares as (
    select
        rules.tag,
        rules.topic,
        rules.meaning,
        rules.time_window,
        coalesce(counted.customers, 0) as customers,
        cast(coalesce(counted.customers, 0) as double) / nullif(allowed.customers, 0) as customers_share,
        counted.commonest_value
    from {{ ref('tag_rules') }} as rules
    cross join allowed
    left join counted
        on rules.tag = counted.tag
)

select
    tag,
    topic,
    meaning,
    time_window,
    customers,
    {{ significant("customers_share") }} as customers_share,
    commonest_value
from shares
