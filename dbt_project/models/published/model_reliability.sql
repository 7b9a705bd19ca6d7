-- One row per target, horizon, slice and bin of predictions: what was predicted and what was observed, out of fold.
select
    reliability.target,
    reliability.horizon_days,
    reliability.slice_kind,
    reliability.slice,
    reliability.bin,
    reliability.rows,
    reliability.mean_prediction,
    reliability.observed_rate,
    reliability.slice_rows,
    reliability.ece,
    reliability.chance_limit,
    reliability.badly_calibrated,
    verdicts.model_version
from {{ source('judgements', 'reliability') }} as reliability
left join {{ source('scores', 'verdicts') }} as verdicts
    on
        reliability.target = verdicts.target
        and reliability.horizon_days = verdicts.horizon_days
