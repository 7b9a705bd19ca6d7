-- One row per brand: how many customers have a portrait (all tags, values and evidence) that nobody else has.
-- A portrait is told by the sum of the digests of its tags, which no order of rows can change.
with portraits as (
    select
        customer_id,
        sum(cast({{ key_hash(["tag", "tag_value", "evidence"]) }} as decimal(38, 0))) as portrait
    from {{ ref('int_customer__tags') }}
    group by customer_id
),

alike as (
    select
        portrait,
        count(*) as customers
    from portraits
    group by portrait
)

select
    cast(coalesce(sum(customers), 0) as bigint) as tagged_customers_count,
    count(case when customers = 1 then 1 end) as unique_portraits_count
from alike
