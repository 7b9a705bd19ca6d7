-- One row per customer with a review or a rating and snapshot date: how often, how good, and where the ratings go.
-- Scales differ between brands: a rating is bad below three fifths of the best one that anybody has given.
with customers as (
    {{ customers_at_snapshot() }}
),

said as (
    select
        interactions.record_no,
        interactions.kind,
        interactions.rating,
        {{ days_ago('interactions.occurred_at') }} as days_ago,
        case when 5 * interactions.rating < 3 * max(interactions.rating) over () then 1 else 0 end as is_bad
    from {{ ref('fct_interactions') }} as interactions
    where {{ visible_at_snapshot('interactions') }} and (interactions.kind = 'review' or interactions.rating is not null)
),

reviews as (
    select
        customers.customer_id,
        said.kind,
        said.rating,
        said.days_ago,
        said.is_bad,
        min(case when said.rating is not null then said.days_ago end) over (partition by customers.customer_id) as rated_days_ago,
        coalesce({{ days_ago('cohort.last_completed_order_at') }}, 1000000) as order_days_ago
    from said
    inner join customers
        on said.record_no = customers.record_no
    left join {{ ref('customer_cohort') }} as cohort
        on customers.customer_id = cohort.customer_id and cohort.as_of_date = {{ snapshot_date() }}
)

select
    customer_id,
    {{ catalogue('reviews', 'reviews') }},
    {{ snapshot_date() }} as as_of_date
from reviews
group by customer_id
