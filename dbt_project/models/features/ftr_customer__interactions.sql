-- One row per customer with an interaction and snapshot date: how much, of what kind, growing or fading.
{% set kinds = ["view", "search", "cart", "visit", "review", "service", "complaint"] %}
with customers as (
    {{ customers_at_snapshot() }}
),

interactions as (
    select
        customers.customer_id,
        interactions.kind,
        interactions.rating,
        {{ days_ago('interactions.occurred_at') }} as days_ago
    from {{ ref('fct_interactions') }} as interactions
    inner join customers
        on interactions.record_no = customers.record_no
    where {{ visible_at_snapshot('interactions') }}
),

summary as (
    select
        customer_id,
        {{ windowed_counts('interactions', [1, 3, 7, 14, 30, 60, 90, 365]) }},
        {{ as_feature('count(*)') }} as interactions_count_all,
        {{ as_feature('count(distinct case when days_ago <= 30 then days_ago end)') }} as interaction_days_count_30d,
        {{ as_feature('count(distinct case when days_ago <= 90 then days_ago end)') }} as interaction_days_count_90d,
        {{ as_feature('count(distinct days_ago)') }} as interaction_days_count_all,
        {{ as_feature('min(days_ago)') }} as days_since_last_interaction,
        {{ as_feature('max(days_ago)') }} as days_since_first_interaction,
        {%- for kind in kinds %}
        {{ windowed_counts(kind ~ ('es' if kind == 'search' else 's'), [7, 30, 90], "kind = '" ~ kind ~ "'") }},
        {{ as_feature("min(case when kind = '" ~ kind ~ "' then days_ago end)") }} as days_since_last_{{ kind }},
        {%- endfor %}
        {{ ratio('sum(rating)', 'count(rating)') }} as mean_rating
    from interactions
    group by customer_id
)

select
    summary.*,
    {{ ratio('interactions_count_7d + 0.5', 'interactions_count_30d - interactions_count_7d + 1.5') }} as interactions_trend_7d,
    {{ ratio('interactions_count_30d + 0.5', 'interactions_count_90d - interactions_count_30d + 1') }} as interactions_trend_30d,
    {{ ratio('interactions_count_all', 'days_since_first_interaction') }} as interactions_per_day,
    {{ ratio('days_since_last_interaction * interaction_days_count_all', 'days_since_first_interaction') }} as last_interaction_to_mean_gap_ratio,
    {{ snapshot_date() }} as as_of_date
from summary
