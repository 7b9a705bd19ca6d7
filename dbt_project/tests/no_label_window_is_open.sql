-- A label says what became known of a closed window: none reaches beyond as_of_date, and all come from planned cut-offs.
select
    labels.customer_id,
    labels.as_of_date,
    labels.target,
    labels.horizon_days
from {{ ref('customer_labels') }} as labels
left join {{ source('control', 'training_plan') }} as plan
    on
        labels.target = plan.target
        and labels.horizon_days = plan.horizon_days
        and labels.as_of_date = plan.as_of_date
where plan.target is null or labels.as_of_date + labels.horizon_days > {{ as_of_date() }}
