-- One row per customer, snapshot date, target and horizon: whom the target asks about on that date.
with cohort as (
    select * from {{ ref('customer_cohort') }}
    where as_of_date = {{ snapshot_date() }}
)

select
    cohort.customer_id,
    cohort.as_of_date,
    targets.target,
    targets.horizon_days
from cohort
inner join {{ source('control', 'targets') }} as targets
    on
        case targets.target when 'share' then cohort.last_activity_at else cohort.last_completed_order_at end
        >= {{ snapshot_date() }} - targets.population_days
