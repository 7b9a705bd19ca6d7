-- One row per target, horizon and feature: how far the people scored today are from those the serving model learned from.
select
    drift.target,
    drift.horizon_days,
    drift.feature,
    drift.psi,
    drift.auc,
    drift.alarm_limit,
    drift.alarm,
    verdicts.model_version
from {{ source('judgements', 'drift') }} as drift
left join {{ source('scores', 'verdicts') }} as verdicts
    on
        drift.target = verdicts.target
        and drift.horizon_days = verdicts.horizon_days
