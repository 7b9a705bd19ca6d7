-- One row per source: the days within which 99 of 100 of its facts became known after they happened.
-- Only first deliveries count: a later version of an order is news, not lateness.
with first_deliveries as (
    select
        source,
        occurred_at,
        known_at
    from {{ ref('int_delivery__first_versions') }}
    {% for facts in ["fct_interactions", "fct_consents", "fct_measurements"] %}
    union all
    select
        records.source,
        facts.occurred_at,
        facts.known_at
    from {{ ref(facts) }} as facts
    inner join {{ ref('int_identity__records') }} as records
        on facts.record_no = records.record_no
    {% endfor %}
),

-- Many facts, few different lags: counted first, ranked afterwards.
lags as (
    select
        source,
        greatest({{ seconds_between('known_at', 'occurred_at') }}, 0) as lag_seconds,
        count(*) as facts_count
    from first_deliveries
    group by source, greatest({{ seconds_between('known_at', 'occurred_at') }}, 0)
),

ranked as (
    select
        source,
        lag_seconds,
        sum(facts_count) over (partition by source order by lag_seconds) as facts_so_late,
        sum(facts_count) over (partition by source) as facts_count
    from lags
)

select
    source,
    cast(max(facts_count) as bigint) as facts_count,
    -- The nearest-rank percentile: the least lag that 99 % of the facts do not exceed, in whole days.
    cast(ceil(min(case when facts_so_late >= 0.99 * facts_count then lag_seconds end) / 86400.0) as integer) as lag_days
from ranked
group by source
