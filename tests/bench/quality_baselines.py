"""What Kith must beat: what an analyst would try first, learned from the same labels at the same cut-offs."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ml.learn.models.lifetimes import Histories, fit_curve
from ml.learn.training.frames import labelled_rows

Floats = npt.NDArray[np.float64]

RECENCY, FREQUENCY, MONEY = 0, 1, 2
BUYING = ["days_since_last_order", "order_days_count_365d", "orders_amount_365d"]
SHARING = ["days_since_last_share_sent", "shares_sent_count_all", "orders_amount_365d"]
HISTORY = ["order_days_count_all", "days_since_first_order", "days_since_last_order"]
LONG_AGO = 5_000
TREES = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "seed": 7,
    "verbose": -1,
}
MOST_ROUNDS, PATIENCE = 600, 30


def baselines(
    features: pd.DataFrame,
    labels: pd.DataFrame,
    histories: pd.DataFrame,
    today: pd.DataFrame,
    target: str,
    horizon: int,
) -> pd.DataFrame:
    """Probabilities of everybody in `today` by each baseline, one column each.

    `histories` (columns HISTORY) are of everybody who ever bought: the lifetime models are fitted
    on all of them, not on those alone who are asked about because they bought lately.
    """
    columns = SHARING if target == "share" else BUYING
    columns = [name for name in columns if name in features]
    rows = labelled_rows(features, columns, labels, target, horizon)
    outcome = rows["label"].to_numpy(dtype=float)
    latest = (rows["as_of_date"] == rows["as_of_date"].max()).to_numpy()
    learned, asked = _plain(rows, columns), _plain(today, columns)
    found = {
        "recency": _logistic(learned[:, [RECENCY]], outcome, asked[:, [RECENCY]]),
        "frequency": _logistic(learned[:, [FREQUENCY]], outcome, asked[:, [FREQUENCY]]),
        "logistic on RFM": _logistic(learned, outcome, asked),
        "LightGBM on RFM": trees(learned, outcome, latest, asked),
    }
    if target != "share":
        for name, kind in (("BG/NBD", "bg_nbd"), ("Pareto/NBD", "pareto_nbd")):
            found[name] = _lifetime(kind, histories, today, target, horizon)
    return pd.DataFrame(found, index=today.index)


def trees(learned: Floats, outcome: Floats, latest: npt.NDArray[np.bool_], asked: Floats) -> Floats:
    """LightGBM; as many trees as do best on the latest cut-off, having learned from the earlier ones."""
    rounds = 100
    if not latest.all() and len(set(outcome[latest])) == 2:
        held = lgb.Dataset(learned[latest], outcome[latest])
        stop = lgb.early_stopping(PATIENCE, verbose=False)
        fitting = lgb.Dataset(learned[~latest], outcome[~latest])
        found = lgb.train(TREES, fitting, MOST_ROUNDS, valid_sets=[held], callbacks=[stop])
        rounds = found.best_iteration
    model = lgb.train(TREES, lgb.Dataset(learned, outcome), rounds)
    return np.asarray(model.predict(asked), dtype=np.float64)


def _logistic(learned: Floats, outcome: Floats, asked: Floats) -> Floats:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0))
    model.fit(np.log1p(learned), outcome)
    return np.asarray(model.predict_proba(np.log1p(asked))[:, 1], dtype=np.float64)


def _lifetime(
    kind: str, histories: pd.DataFrame, today: pd.DataFrame, target: str, horizon: int
) -> Floats:
    """Fitted without any label; silence is what an order leaves of one."""
    curve, _ = fit_curve(kind, Histories.of(histories[HISTORY].to_numpy(dtype=np.float64)))
    asked = Histories.of(today[HISTORY].to_numpy(dtype=np.float64))
    order = curve.any_order(asked, float(horizon))
    return 1.0 - order if target == "churn" else order


def _plain(rows: pd.DataFrame, columns: list[str]) -> Floats:
    """Features without gaps: what never happened was long ago; returns may exceed purchases."""
    return np.maximum(rows[columns].fillna(LONG_AGO).to_numpy(dtype=np.float64), 0)
