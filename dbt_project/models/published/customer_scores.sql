-- One row per customer, target and horizon at as_of_date: the score with its place among those scored, or why not.
with people as (
    select distinct customer_id from {{ ref('int_identity__customers_now') }}
),

verdicts as (
    select * from {{ source('scores', 'verdicts') }}
),

ranked as (
    -- Ties go by customer_id, so that every place is taken once.
    select
        customer_id,
        target,
        horizon_days,
        probability,
        reason_1,
        reason_2,
        reason_3,
        expected_days,
        expected_amount,
        expected_loss,
        expected_reach,
        category_1,
        category_2,
        category_3,
        row_number() over (partition by target, horizon_days order by probability desc, customer_id asc) - 1 as places_before,
        count(*) over (partition by target, horizon_days) as scored_count
    from {{ source('scores', 'predictions') }}
),

placed as (
    select
        *,
        100 - cast(floor(places_before * 100 / scored_count) as integer) as percentile,
        1 + cast(floor(places_before * 10 / scored_count) as integer) as decile
    from ranked
)

select
    {{ as_of_date() }} as as_of_date,
    people.customer_id,
    verdicts.target,
    verdicts.horizon_days,
    {{ as_of_date() }} as window_start,
    {{ as_of_date() }} + verdicts.horizon_days as window_end,
    case when placed.customer_id is not null then 'scored' else 'not_scored' end as status,
    case
        when placed.customer_id is not null then null
        when refusals.customer_id is not null then 'profiling_refused'
        when verdicts.reason_code is not null then verdicts.reason_code
        else 'not_in_population'
    end as reason_code,
    placed.probability,
    placed.percentile,
    placed.decile,
    case
        when placed.decile <= 2 then 'high'
        when placed.decile <= 5 then 'medium'
        when placed.decile <= 10 then 'low'
    end as band,
    verdicts.base_rate,
    {{ significant('placed.probability / nullif(verdicts.base_rate, 0)') }} as lift,
    placed.reason_1,
    placed.reason_2,
    placed.reason_3,
    placed.expected_days,
    {{ decimal_of("placed.expected_amount", 18, 4) }} as expected_amount,
    {{ decimal_of("placed.expected_loss", 18, 4) }} as expected_loss,
    placed.expected_reach,
    placed.category_1,
    placed.category_2,
    placed.category_3,
    verdicts.model_name,
    verdicts.model_version,
    verdicts.quality_grade,
    verdicts.definition_hash,
    run.run_id
from people
cross join verdicts
cross join {{ source('control', 'run') }} as run
left join placed
    on
        people.customer_id = placed.customer_id
        and verdicts.target = placed.target
        and verdicts.horizon_days = placed.horizon_days
left join {{ ref('int_customer__refusals') }} as refusals
    on people.customer_id = refusals.customer_id
