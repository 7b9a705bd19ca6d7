-- One row per strong customer who has brought nobody within 365 days: who is likely to be the next super user, and what is missing.
with levels as (
    {{ levels_now() }}
),

sharers as (
    select
        count(*) as people_count,
        sum(shares_count) as shares_count,
        sum(opened_shares_count) as opened_shares_count,
        sum(people_brought_count) as people_brought_count
    from {{ ref('int_customer__bringing') }}
),

shortest as (
    select min(horizon_days) as horizon_days
    from {{ source('control', 'targets') }}
    where target = 'share'
),

chances as (
    select
        scores.customer_id,
        scores.probability
    from {{ ref('customer_scores') }} as scores
    inner join shortest
        on scores.horizon_days = shortest.horizon_days
    where scores.target = 'share'
),

candidates as (
    select
        strong.customer_id,
        strong.order_days_count_365d,
        chances.probability as share_probability,
        coalesce(bringing.shares_count, 0) as shares_count,
        coalesce(bringing.opened_shares_count, 0) as opened_shares_count,
        coalesce(bringing.people_reached_count, 0) as reach,
        strong.people_brought_count
    from {{ ref('int_customer__super_score') }} as strong
    inner join levels
        on strong.customer_id = levels.customer_id and levels.level = 'strong'
    left join {{ ref('int_customer__bringing') }} as bringing
        on strong.customer_no = bringing.customer_no
    left join chances
        on strong.customer_id = chances.customer_id
    where strong.last_brought_at is null or strong.last_brought_at < {{ as_of_date() }} - 365
),

-- How often one's shares are opened: one's own, and as many of the brand's as one who shares sends on average.
expected as (
    select
        candidates.*,
        candidates.share_probability
        * cast(candidates.opened_shares_count * sharers.people_count + sharers.opened_shares_count as double)
        / nullif(cast(candidates.shares_count * sharers.people_count + sharers.shares_count as double), 0)
        * cast(sharers.people_brought_count as double) / nullif(cast(sharers.opened_shares_count as double), 0) as people_expected
    from candidates
    cross join sharers
),

told as (
    select
        *,
        {{ significant('people_expected') }} as expected_brought
    from expected
)

select
    customer_id,
    cast(row_number() over (
        order by expected_brought desc nulls last, opened_shares_count desc, reach desc, order_days_count_365d desc, customer_id asc
    ) as integer) as rank,
    expected_brought,
    {{ significant('share_probability') }} as share_probability,
    order_days_count_365d,
    reach,
    shares_count,
    opened_shares_count as opened_shares,
    case
        when people_brought_count > 0
            then 'has brought ' || {{ counted('people_brought_count', 'person', 'people') }} || ', nobody in the last 365 days'
        when shares_count = 0 then 'has never shared'
        when opened_shares_count = 0 then 'has shared ' || {{ counted('shares_count', 'time', 'times') }} || ', nobody has opened it'
        else
            'has shared ' || {{ counted('shares_count', 'time', 'times') }}
            || ', ' || cast(opened_shares_count as string) || ' opened, nobody was brought by it'
    end as missing
from told
