-- One row per audience and other audience that share customers: how many, and which share of the smaller one they are.
with pairs as (
    select
        one.audience,
        other.audience as other_audience,
        count(*) as customers
    from {{ ref('audience_members') }} as one
    inner join {{ ref('audience_members') }} as other
        on one.customer_id = other.customer_id and one.audience <> other.audience
    group by one.audience, other.audience
)

select
    pairs.audience,
    pairs.other_audience,
    pairs.customers,
    round(cast(pairs.customers as double) / least(one.size, other.size), 9) as share_of_smaller
from pairs
inner join {{ ref('audiences') }} as one
    on pairs.audience = one.audience
inner join {{ ref('audiences') }} as other
    on pairs.other_audience = other.audience
