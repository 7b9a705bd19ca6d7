-- One row per target, horizon, matured cut-off and contender: how the served model and the best simple rule did there, out of fold.
select
    backtests.target,
    backtests.horizon_days,
    backtests.as_of_date,
    backtests.contender,
    backtests.rows,
    backtests.base_rate,
    backtests.mean_probability,
    backtests.auc,
    backtests.average_precision,
    backtests.log_loss,
    backtests.brier,
    backtests.ece,
    backtests.chance_limit,
    backtests.badly_calibrated,
    backtests.lift_top_decile,
    backtests.auc_gain,
    backtests.auc_gain_low,
    backtests.auc_gain_high,
    backtests.average_precision_gain,
    backtests.average_precision_gain_low,
    backtests.average_precision_gain_high,
    backtests.log_loss_gain,
    backtests.log_loss_gain_low,
    backtests.log_loss_gain_high,
    backtests.brier_gain,
    backtests.brier_gain_low,
    backtests.brier_gain_high,
    verdicts.model_version
from {{ source('judgements', 'backtests') }} as backtests
left join {{ source('scores', 'verdicts') }} as verdicts
    on
        backtests.target = verdicts.target
        and backtests.horizon_days = verdicts.horizon_days
