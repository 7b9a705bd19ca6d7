"""How far scores are from the demo brand's true probabilities.

`python tests/bench/bench_true_probabilities.py --home HOME --landing LANDING`, after `kith run` on a
demo landing zone. Compares, per target, a logistic model and LightGBM on recency, frequency and
money with what Kith published; all three learned from the same labels at the same cut-offs, which
stand in the home's warehouse. For `share`, recency and frequency are those of shares.

The truth knows what nobody sees (who is grieved, who wants something just now), so its own line is
out of reach. The line "taught the truth" says how much of it Kith's features hold at all: LightGBM
on all of them that learned from the true probabilities of other people, in five folds.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from truth_groups import groups_of, side_by_side

from ml.data.demo import default_truth_folder
from ml.data.warehouse import connect
from ml.home import Home
from ml.learn.training.frames import labelled_rows, with_plain_keys
from ml.serve.versions import Versions

Floats = npt.NDArray[np.float64]

RFM = ["days_since_last_order", "orders_count_365d", "orders_amount_365d"]
SHARES_RFM = ["days_since_last_share_sent", "shares_sent_count_365d", "orders_amount_365d"]
LONG_AGO = 5_000
TREES = {
    "objective": "cross_entropy",
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
BINS = 10
DISTANCES = (
    "mean abs. error",
    "RMSE",
    "rank correlation",
    "calibration error",
    "expected AUC",
    "expected log-loss",
)


@dataclass(frozen=True)
class Finished:
    """A finished run on a demo brand: what it learned from, what it published, what is true."""

    as_of_date: date
    features: pd.DataFrame
    labels: pd.DataFrame
    scores: pd.DataFrame
    groups: pd.DataFrame
    truth: pd.DataFrame

    @classmethod
    def read(cls, home: Home, truth: Path) -> Finished:
        """Read the current version of a home, its warehouse, and the truth of that day."""
        version = Versions(home).current()
        if version is None:
            raise SystemExit(f"{home.root}: nothing is published; run `kith run` first.")
        day = version.as_of_date
        with connect(home, read_only=True) as warehouse:
            features = warehouse.sql("from features.customer_features").df()
            labels = warehouse.sql("from labels.customer_labels").df()
        folder = home.published / "versions" / version.name
        scores = pd.read_parquet(folder / "customer_scores.parquet")
        people = pd.read_parquet(folder / "identity_map.parquet")
        stamps = people[["valid_from", "valid_to"]].apply(pd.to_datetime)
        now = (stamps["valid_from"] <= pd.Timestamp(day)) & ~(
            stamps["valid_to"] <= pd.Timestamp(day)
        )
        known = pd.read_parquet(truth / "probabilities.parquet")
        known = known[known["as_of_date"] == pd.Timestamp(day)]
        if known.empty:
            raise SystemExit(f"{truth} holds no probabilities of {day}; run Kith on another day.")
        groups = groups_of(pd.read_parquet(truth / "records.parquet"), people[now])
        return cls(day, with_plain_keys(features), labels, scores, groups, known)


def predict(run: Finished, target: str, horizon: int) -> pd.DataFrame:
    """Predictions at the run's day by customer: Kith's, and the two learned here."""
    rfm = SHARES_RFM if target == "share" else RFM
    learned = labelled_rows(run.features, rfm, run.labels, target, horizon)
    chosen = (run.scores["target"] == target) & (run.scores["status"] == "scored")
    kith = run.scores[chosen & (run.scores["horizon_days"] == horizon)]
    today = run.features[run.features["as_of_date"] == pd.Timestamp(run.as_of_date)]
    today = kith[["customer_id", "probability"]].merge(today, on="customer_id")
    latest = learned["as_of_date"] == learned["as_of_date"].max()
    x, y = plain(learned, rfm), learned["label"].to_numpy(dtype=float)
    logistic = make_pipeline(StandardScaler(), LogisticRegression(C=1.0))
    logistic.fit(np.log1p(x), y)
    rounds = best_rounds(x, y, latest.to_numpy())
    trees = lgb.train(TREES, lgb.Dataset(x, y), rounds)
    return pd.DataFrame(
        {
            "customer_id": today["customer_id"],
            "base rate of the cut-offs": y.mean(),
            "logistic on RFM": logistic.predict_proba(np.log1p(plain(today, rfm)))[:, 1],
            "LightGBM on RFM": trees.predict(plain(today, rfm)),
            "Kith": today["probability"],
        }
    )


def plain(rows: pd.DataFrame, columns: list[str]) -> Floats:
    """Features without gaps: what never happened was long ago; returns may exceed purchases."""
    return np.maximum(rows[columns].fillna(LONG_AGO).to_numpy(dtype=np.float64), 0)


def best_rounds(x: Floats, y: Floats, is_latest: npt.NDArray[np.bool_]) -> int:
    """How many trees do best on the latest cut-off, having learned from the earlier ones."""
    if is_latest.all() or len(set(y[is_latest])) < 2:
        return 100
    fitting, held = (
        lgb.Dataset(x[~is_latest], y[~is_latest]),
        lgb.Dataset(x[is_latest], y[is_latest]),
    )
    stop = lgb.early_stopping(PATIENCE, verbose=False)
    return lgb.train(
        TREES, fitting, MOST_ROUNDS, valid_sets=[held], callbacks=[stop]
    ).best_iteration


def taught_the_truth(run: Finished, table: pd.DataFrame) -> Floats:
    """The truth as far as Kith's features tell it: learned from other groups, in five folds."""
    customers = run.groups.drop_duplicates("group").set_index("group")["customer_id"]
    today = run.features[run.features["as_of_date"] == pd.Timestamp(run.as_of_date)]
    today = today.set_index("customer_id").drop(columns="as_of_date")
    x = today.loc[customers.loc[table.index]].to_numpy(dtype=np.float64)
    y = table["truth"].to_numpy()
    found = np.zeros(len(y))
    for fold, (rest, held) in enumerate(KFold(5, shuffle=True, random_state=7).split(x)):
        inner = np.random.default_rng(fold).random(len(rest)) < 0.2
        rounds = best_rounds(x[rest], y[rest], inner)
        found[held] = lgb.train(TREES, lgb.Dataset(x[rest], y[rest]), rounds).predict(x[held])
    return found


def distances(truth: Floats, predicted: Floats) -> list[str]:
    """The cells of one line, as DISTANCES names them; the last is least for the truth itself."""
    p = np.clip(predicted, 1e-6, 1 - 1e-6)
    order = np.argsort(p, kind="stable")
    bins = [np.mean(p[part]) - np.mean(truth[part]) for part in np.array_split(order, BINS)]
    loss = -np.mean(truth * np.log(p) + (1 - truth) * np.log1p(-p))
    rank = spearmanr(truth, predicted).statistic if np.ptp(predicted) > 0 else 0.0
    # Each customer acts with the weight of its chance, and stays away with the rest.
    area = roc_auc_score(
        np.repeat([1, 0], len(truth)), np.tile(p, 2), sample_weight=np.append(truth, 1 - truth)
    )
    errors = np.abs(p - truth).mean(), np.sqrt(np.mean((p - truth) ** 2))
    found = (*errors, rank, np.mean(np.abs(bins)), area, loss)
    return [f"{value:.4f}" for value in found]


def tables(run: Finished, target: str, horizon: int) -> list[str]:
    """Markdown of one target: first those whom identity got right, then everybody."""
    predicted = predict(run, target, horizon)
    truth = run.truth[(run.truth["target"] == target) & (run.truth["horizon_days"] == horizon)]
    known = truth[["person_id", "probability"]]
    everybody = side_by_side(run.groups, known, predicted, all_must=target == "churn")
    sizes = everybody[["people", "customers", "scored"]]
    everybody = everybody.drop(columns=sizes.columns)
    is_whole = (sizes["people"] == 1) & (sizes["customers"] == 1)
    whole = everybody[is_whole]
    whole.insert(1, "taught the truth", taught_the_truth(run, whole))
    lines = [
        f"### {target}, {horizon} days",
        "",
        f"{sizes['scored'].sum():,} scored customers in {len(sizes):,} groups: {is_whole.sum():,} of one person who "
        f"is one customer, {((sizes['people'] == 1) & ~is_whole).sum():,} of one person who is several customers, "
        f"{(sizes['people'] > 1).sum():,} of several people.",
        "",
    ]
    for title, table in (("one person, one customer", whole), ("all groups", everybody)):
        mean = f"{len(table):,}, mean of the truth {table['truth'].mean():.3f}"
        lines += [f"| {title}: {mean} | {' | '.join(DISTANCES)} |", "|---" * 7 + "|"]
        for approach in [*table.columns.drop("truth"), "truth"]:
            cells = distances(table["truth"].to_numpy(), table[approach].to_numpy())
            lines.append(f"| {approach} | {' | '.join(cells)} |")
        lines.append("")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--truth", type=Path, help="where the truth lies, if not beside --landing")
    options = parser.parse_args()
    truth = options.truth or default_truth_folder(options.landing)
    run = Finished.read(Home(options.home.resolve()), truth)
    scored = run.scores[run.scores["status"] == "scored"]
    for target, horizon in scored[["target", "horizon_days"]].drop_duplicates().to_numpy():
        print(*tables(run, target, int(horizon)), sep="\n")


if __name__ == "__main__":
    main()
