-- One row per check on the data behind this version: what was observed, what was expected.
with landed as (
    select
        entity || ' rows add up' as check_name,
        entity as table_name,
        case when rows_in = rows_staged + rows_quarantined then 'pass' else 'fail' end as result,
        cast(rows_in as string) || ' in = ' || cast(rows_staged as string) || ' staged + '
        || cast(rows_quarantined as string) || ' quarantined' as observed,
        'rows in = staged + quarantined' as expected
    from {{ ref('landing_summary') }}
),

refused as (
    select
        entity || ' rows refused' as check_name,
        entity as table_name,
        case when rows_quarantined = 0 then 'pass' else 'warn' end as result,
        cast(rows_quarantined as string) || ' of ' || cast(rows_in as string) as observed,
        'none; see quarantine' as expected
    from {{ ref('landing_summary') }}
),

spoiled as (
    select
        entity || '.' || column_name || ' parses' as check_name,
        entity as table_name,
        'warn' as result,
        cast(values_spoiled as string) || ' values became null' as observed,
        'every value parses' as expected
    from {{ ref('landing_spoiled') }}
),

scored as (
    select
        target || ' ' || cast(horizon_days as string) || ' days scored' as check_name,
        'customer_scores' as table_name,
        case when status = 'scored' then 'pass' else 'warn' end as result,
        case
            when status = 'scored' then cast(population as string) || ' customers'
            else coalesce(reason_code, '') || ': ' || cast(population as string) || ' in the population, '
                || cast(coalesce(customers_with, 0) as string) || ' with the outcome, '
                || cast(coalesce(customers_without, 0) as string) || ' without'
        end as observed,
        coalesce(cast(customers_needed as string) || ' with and ' || cast(customers_needed as string) || ' without', 'a model') as expected
    from {{ source('scores', 'verdicts') }}
),

clusters as (
    select
        count(*) as customers_count,
        max(records_count) as largest,
        count(case when records_count = 1 then 1 end) as singletons
    from {{ ref('int_customer__roles') }}
),

identity as (
    select
        'largest customer' as check_name,
        'identity_map' as table_name,
        case when coalesce(largest, 0) <= 50 then 'pass' else 'warn' end as result,
        cast(coalesce(largest, 0) as string) || ' records; ' || cast(singletons as string) || ' of '
        || cast(customers_count as string) || ' customers have one' as observed,
        'at most 50 records' as expected
    from clusters
),

shared as (
    select
        'over-shared ' || id_type as check_name,
        'identity_map' as table_name,
        'warn' as result,
        cast(count(distinct id_value) as string) || ' values are no evidence' as observed,
        'at most ' || cast(max(people_limit) as string) || ' people and ' || cast(max(sharing_limit) as string)
        || ' records share a value; see identity_audit' as expected
    from {{ ref('int_identity__holders') }}
    where crossed_at is not null
    group by id_type
),

lags as (
    select
        'lateness of ' || source as check_name,
        'customer_labels' as table_name,
        'pass' as result,
        cast(lag_days as string) || ' days' as observed,
        '99 of 100 facts are known by then' as expected
    from {{ ref('delivery_lags') }}
),

-- People of one portrait have one history, as far as tags can tell; where many have, the catalogue says little.
portraits as (
    select
        'unique portraits' as check_name,
        'customer_tags' as table_name,
        case when 2 * unique_portraits_count >= tagged_customers_count then 'pass' else 'warn' end as result,
        cast(unique_portraits_count as string) || ' of ' || cast(tagged_customers_count as string) || ' tagged customers' as observed,
        'at least half have a portrait that nobody else has' as expected
    from {{ ref('int_brand__unique_portraits') }}
),

checks as (
    select * from landed
    union all
    select * from refused
    union all
    select * from spoiled
    union all
    select * from scored
    union all
    select * from identity
    union all
    select * from shared
    union all
    select * from lags
    union all
    select * from portraits
)

select
    check_name as {{ adapter.quote("check") }},
    table_name as {{ adapter.quote("table") }},
    result,
    observed,
    expected
from checks
