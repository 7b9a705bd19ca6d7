"""How far each model that serves is to be trusted, into the warehouse: its backtests, its reliability, and drift.

Backtests and reliability are the champion's own files; drift compares its training with the people scored today. So
all three depend on the day's facts and the champion, and on nothing else.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.data.targets import Target
from ml.data.warehouse import connect, keep_table
from ml.learn.definition import SEED
from ml.learn.evaluation_files import read_backtests, read_drift, read_reliability
from ml.learn.judging.backtests import MEASURED
from ml.learn.judging.drift import TOGETHER, drift_table
from ml.learn.registry import EVALUATION_FOLDER, RegisteredModel, Registry
from ml.run import Run

TARGET = {"target": "varchar", "horizon_days": "integer"}
TABLES = {
    "scores.backtests": {
        **TARGET,
        "as_of_date": "date",
        "contender": "varchar",
        "rows": "bigint",
        "base_rate": "double",
        "mean_probability": "double",
        **dict.fromkeys((*MEASURED, "ece", "chance_limit"), "double"),
        "badly_calibrated": "boolean",
        "lift_top_decile": "double",
        **{
            f"{measure}_gain{bound}": "double" for measure in MEASURED for bound in ("", "_low", "_high")
        },
    },
    "scores.reliability": {
        **TARGET,
        "slice_kind": "varchar",
        "slice": "varchar",
        "bin": "integer",
        "rows": "bigint",
        "mean_prediction": "double",
        "observed_rate": "double",
        "slice_rows": "bigint",
        "ece": "double",
        "chance_limit": "double",
        "badly_calibrated": "boolean",
    },
    "scores.drift": {
        **TARGET,
        "feature": "varchar",
        "psi": "double",
        "auc": "double",
        "alarm_limit": "double",
        "alarm": "boolean",
    },
}  # fmt: skip


def make_tables(run: Run) -> None:
    """Make the tables that are not there, and drop the rows of targets that are no longer listed."""
    listed = {(target.name, target.horizon_days) for target in run.targets}
    with connect(run.home) as connection:
        for table, columns in TABLES.items():
            keep_table(connection, table, columns)
            known = connection.execute(f"select distinct target, horizon_days from {table}")
            for stale in set(known.fetchall()) - listed:
                connection.execute(
                    f"delete from {table} where target = ? and horizon_days = ?", list(stale)
                )


def write_judgements(
    run: Run,
    registry: Registry,
    target: Target,
    champion: RegisteredModel,
    population: pd.DataFrame,
    probability: np.ndarray,
) -> None:
    """Replace a target's rows by those of its champion and of today's people, and say aloud where they have changed.

    ``population`` holds the features of the people scored, or of some thousands of them spread evenly by
    customer_id, ``probability`` their scores, in the same order. A
    champion that an older version of the program trained brings no rows.
    """
    files = registry.files(champion, EVALUATION_FOLDER)
    backtests = read_backtests(files)
    if len(backtests):
        backtests["as_of_date"] = pd.to_datetime(backtests["as_of_date"]).dt.date
    profile = read_drift(files)
    drift = pd.DataFrame()
    if profile is not None and len(population):
        drift = drift_table(profile, population, probability, SEED)
        drift = drift.rename(columns={"limit": "alarm_limit"})
        _tell(run, target, drift)
    _replace(
        run,
        target,
        {
            "scores.backtests": backtests,
            "scores.reliability": read_reliability(files),
            "scores.drift": drift,
        },
    )


def forget_judgements(run: Run, target: Target) -> None:
    """Leave a target that is not scored without rows."""
    _replace(run, target, {table: pd.DataFrame() for table in TABLES})


def _replace(run: Run, target: Target, found: dict[str, pd.DataFrame]) -> None:
    with connect(run.home) as connection:
        for table, rows in found.items():
            connection.execute(
                f"delete from {table} where target = ? and horizon_days = ?",
                [target.name, target.horizon_days],
            )
            if len(rows):
                judged = rows.assign(target=target.name, horizon_days=target.horizon_days)
                figures = judged.select_dtypes("float").columns
                judged[figures] = judged[figures].map(lambda value: float(f"{value:.9g}"))
                connection.register("judged", judged)
                columns = ", ".join(f'"{column}"' for column in TABLES[table])
                connection.execute(f"insert into {table} select {columns} from judged")


def _tell(run: Run, target: Target, drift: pd.DataFrame) -> None:
    alarms = drift[drift["alarm"]]
    if alarms.empty:
        return
    worst = alarms.sort_values(["psi", "feature"], ascending=[False, True])
    named = ", ".join(worst["feature"].drop(worst.index[worst["feature"] == TOGETHER]).head(5))
    together = " the people as a whole, and" if TOGETHER in set(alarms["feature"]) else ""
    run.report(
        f"{target.key}: drift alarm: the people scored today differ from those the model learned from by more than "
        f"cut-offs ever did:{together} {len(alarms)} of {len(drift)} figures ({named or TOGETHER}); see model_drift"
    )
