{#
  Labels of one target at the snapshot's date C: did the event of `events` occur in [C, C + horizon)?

  `events` gives (record_no, occurred_at) of what as_of_date D can see, with the status known at D. The label counts
  the facts of every person, as known at D, that holds a record the customer held at C. Who refused profiling is out.
#}
{% macro outcome_labels(target, events, label_when_event) -%}
with population as (
    select
        population.customer_id,
        population.as_of_date,
        population.target,
        population.horizon_days
    from {{ ref('customer_population') }} as population
    inner join {{ source('control', 'training_plan') }} as plan
        on
            population.target = plan.target
            and population.horizon_days = plan.horizon_days
            and plan.as_of_date = {{ snapshot_date() }}
    where
        population.as_of_date = {{ snapshot_date() }}
        and population.target = '{{ target }}'
),

persons as (
    {{ people_behind_customers() }}
),

events as (
    {{ events }}
),

first_events as (
    select
        people_now.customer_no,
        min(events.occurred_at) as first_at
    from events
    inner join {{ ref('int_identity__customers_now') }} as people_now
        on events.record_no = people_now.record_no
    where events.occurred_at >= {{ snapshot_date() }}
    group by people_now.customer_no
),

outcomes as (
    select
        persons.customer_id,
        min(first_events.first_at) as first_at,
        max(case when refusals.customer_no is not null then 1 else 0 end) = 1 as has_refused
    from persons
    left join first_events
        on persons.customer_no = first_events.customer_no
    left join {{ ref('int_customer__refusals') }} as refusals
        on persons.customer_no = refusals.customer_no
    group by persons.customer_id
)

select
    population.customer_id,
    population.as_of_date,
    population.target,
    population.horizon_days,
    cast(
        case
            when outcomes.first_at < {{ snapshot_date() }} + population.horizon_days then {{ 1 if label_when_event else 0 }}
            else {{ 0 if label_when_event else 1 }}
        end as integer
    ) as label
from population
inner join outcomes
    on population.customer_id = outcomes.customer_id
where not outcomes.has_refused
{%- endmacro %}

{# The people, as as_of_date knows them, that hold a record the customer held at the snapshot's date. #}
{% macro people_behind_customers() -%}
    select distinct
        held.customer_id,
        people_now.customer_no
    from (
        {{ customers_at_snapshot() }}
    ) as held
    inner join {{ ref('int_identity__customers_now') }} as people_now
        on held.record_no = people_now.record_no
{%- endmacro %}

{# Completed orders of known customers, with the status that as_of_date knows. #}
{% macro latest_completed_orders() -%}
    select
        source,
        order_id,
        record_no,
        occurred_at,
        amount
    from {{ ref('fct_orders') }}
    where superseded_on is null and status = 'completed' and record_no is not null
{%- endmacro %}
