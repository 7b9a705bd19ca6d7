-- One row per source: the days within which 99 of 100 of its facts became known after they happened.
-- Only first deliveries count: a later version of an order is news, not lateness.
with ranked_versions as (
    {% for entity, key in [("orders", "order_id"), ("shares", "share_id"), ("contacts", "contact_id")] %}
    {{ "union all" if not loop.first }}
    select
        source,
        occurred_at,
        known_at,
        row_number() over (partition by source, {{ key }} order by known_at, occurred_at) as delivery_rank
    from {{ ref('stg_' ~ entity) }}
    {% endfor %}
),

first_deliveries as (
    select
        source,
        occurred_at,
        known_at
    from ranked_versions
    where delivery_rank = 1
    {% for entity in ["interactions", "consents", "measurements"] %}
    union all
    select
        source,
        occurred_at,
        known_at
    from (
        {{ first_deliveries(entity, ref('stg_' ~ entity)) }}
    ) as {{ entity }}
    {% endfor %}
),

lags as (
    select
        source,
        greatest({{ seconds_between('known_at', 'occurred_at') }}, 0) as lag_seconds
    from first_deliveries
),

ranked as (
    select
        source,
        lag_seconds,
        row_number() over (partition by source order by lag_seconds) as lag_rank,
        count(*) over (partition by source) as facts_count
    from lags
)

select
    source,
    max(facts_count) as facts_count,
    -- The nearest-rank percentile: the least lag that 99 % of the facts do not exceed, in whole days.
    cast(ceil(min(case when lag_rank >= 0.99 * facts_count then lag_seconds end) / 86400.0) as integer) as lag_days
from ranked
group by source
