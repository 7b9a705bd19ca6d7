"""The files in which a training keeps how far its model is to be trusted, beside the model in MLflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO, StringIO

import pandas as pd

from ml.learn.judging.drift import DriftProfile
from ml.learn.training.result import TrainingResult

BACKTEST_FILE = "backtest.csv"
RELIABILITY_FILE = "reliability.csv"
LEAK_FILE = "leak_alarms.csv"
DRIFT_FILE = "drift.json"
REFERENCE_FILE = "drift_reference.parquet"
LEAK_COLUMNS = ("feature", "trace", "found", "limit", "words")


def evaluation_files(result: TrainingResult) -> dict[str, bytes]:
    """The tables of a trained result as files by name.

    The people that drift is measured from are a Parquet file with their ids: `kith erase` finds them there.
    """
    alarms = pd.DataFrame([vars(alarm) for alarm in result.leak_alarms], columns=list(LEAK_COLUMNS))
    files = {
        BACKTEST_FILE: result.backtest.to_csv(index=False).encode(),
        RELIABILITY_FILE: result.reliability.to_csv(index=False).encode(),
        LEAK_FILE: alarms.to_csv(index=False).encode(),
    }
    if result.drift is not None:
        files[DRIFT_FILE] = json.dumps(result.drift.to_dict(), indent=1).encode()
        files[REFERENCE_FILE] = result.drift.reference.to_parquet(index=False)
    return files


def read_backtests(files: Mapping[str, bytes]) -> pd.DataFrame:
    """The backtests among a model's files; none of a model that an older version of the program trained."""
    table = _read(files, BACKTEST_FILE)
    return table if "chance_limit" in table else pd.DataFrame()


def read_reliability(files: Mapping[str, bytes]) -> pd.DataFrame:
    """Predicted and observed by bin and slice; nothing of a model from an older version."""
    return _read(files, RELIABILITY_FILE)


def read_drift(files: Mapping[str, bytes]) -> DriftProfile | None:
    """What today's people are compared with; None of a model from an older version."""
    if DRIFT_FILE not in files or REFERENCE_FILE not in files:
        return None
    reference = pd.read_parquet(BytesIO(files[REFERENCE_FILE]))
    return DriftProfile.from_parts(json.loads(files[DRIFT_FILE]), reference)


def _read(files: Mapping[str, bytes], name: str) -> pd.DataFrame:
    if name not in files:
        return pd.DataFrame()
    text = StringIO(files[name].decode())
    return pd.read_csv(text, float_precision="round_trip", keep_default_na=True)
