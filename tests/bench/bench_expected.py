"""When, how much and what, held against what came. `python tests/bench/bench_expected.py [retail cdnow demo]`.

Runs Kith as of a day (import, build, train, score), then builds the same home as of a later day, which
knows what came, and prints Markdown tables. Real data are found through `KITH_SHARED_DATA`.

Days until the next order are watched for w days only. Three measures, since each alone flatters somebody:
over all customers, both numbers cut off at w (a customer who has not come back, and was not expected to,
is no error); among those who came back, the day published, which answers for all of them and is late by
construction here; and among the same the day by which half of those *who come back within w* are expected,
which is what that question asks of a curve.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from lifetime_baseline import BgNbd

from ml.data.build import build_cutoffs
from ml.data.demo import write_demo
from ml.data.importers import IMPORTERS
from ml.data.interests import category_sales, interests_of
from ml.data.warehouse import connect, frame
from ml.flow import PARTS
from ml.learn.champion import promote_candidates
from ml.learn.expected.categories import SHOWN, candidates, hit_rate, top_three
from ml.learn.fit import train_models
from ml.run import Run, RunState
from ml.serve.score import score_customers

Floats = npt.NDArray[np.float64]
REPOSITORY = Path(__file__).resolve().parent.parent.parent
BUILT = ("landing", "identity", "events", "features", "labels")
DRAWS, SEED = 1_000, 7
MOST_DAYS = 365.0
"""No day said is later: the population looks back a year."""


@dataclass(frozen=True)
class Case:
    """A data set, the day Kith speaks on, the day that judges it, and the targets."""

    data_set: str | None
    folder: str
    day: date
    later: date
    targets: str


CASES = {
    "retail": Case(
        "online-retail",
        "online_retail",
        date(2011, 11, 1),
        date(2011, 12, 10),
        "next_purchase,30,365",
    ),
    "retail-churn": Case(
        "online-retail", "online_retail", date(2011, 9, 1), date(2011, 12, 10), "churn,90,90"
    ),
    "cdnow": Case("cdnow", "cdnow", date(1998, 4, 1), date(1998, 7, 1), "next_purchase,90,365"),
    "demo": Case(
        None,
        "",
        date(2026, 3, 25),
        date(2026, 7, 1),
        "next_purchase,30,365\nchurn,90,90\nshare,30,365",
    ),
}


@dataclass(frozen=True)
class Told:
    """What Kith said on the day, what it knew then, and what came, each by customer."""

    case: Case
    said: pd.DataFrame
    curve: pd.DataFrame
    features: pd.DataFrame
    orders: pd.DataFrame
    past: pd.DataFrame
    interests: tuple[pd.DataFrame, pd.DataFrame]
    came: pd.DataFrame
    next_categories: pd.DataFrame


def told_of(case: Case, place: Path) -> Told:
    """Run Kith as of the day, and gather what the later day knows."""
    landing, home, targets = place / "landing", place / "home", place / "targets.csv"
    place.mkdir(parents=True, exist_ok=True)
    targets.write_text(f"target,horizon_days,population_days\n{case.targets}\n", encoding="utf-8")
    if not landing.exists():
        _bring(case, landing, place)
    run = Run.of(home, landing, case.day, targets, lambda _: None)
    for part in BUILT:
        PARTS[part](run)
    train_models(run, run.targets)
    promote_candidates(run)
    score_customers(run)
    known = _known(run)
    later = Run.of(home, landing, case.later, targets, lambda _: None)
    for part in BUILT[:4]:
        PARTS[part](later)
    RunState(later).forget("labels")
    build_cutoffs(later, [(t.name, t.horizon_days, case.day) for t in later.targets])
    with connect(later.home, read_only=True) as connection:
        came = frame(
            connection,
            "select * replace (cast(window_amount as double) as window_amount) from labels.customer_outcomes "
            "inner join labels.customer_labels using (customer_id, as_of_date, target, horizon_days) order by all",
        )
        bought = frame(connection, "from labels.customer_next_categories order by all")
    return Told(case, *known, came, bought)


def _bring(case: Case, landing: Path, place: Path) -> None:
    if case.data_set is None:
        write_demo(landing, place / "truth", 6_000, 24, SEED)
        return
    shared = Path(os.environ.get("KITH_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    IMPORTERS[case.data_set](shared / case.folder, landing)


def _known(run: Run) -> tuple[pd.DataFrame, ...]:
    with connect(run.home, read_only=True) as connection:
        said = frame(connection, "from scores.predictions order by target, customer_id")
        curve = frame(connection, "from scores.purchase_timing order by customer_id, days")
        features = frame(
            connection,
            "from features.customer_features where as_of_date = ? order by customer_id",
            [run.as_of_date],
        )
        orders = frame(
            connection,
            "select customer_id, count(distinct occurred_at::date) - 1 as repeats, "
            "max(occurred_at::date) - min(occurred_at::date) as recency, "
            "cast(? as date) - min(occurred_at::date) as age from events.fct_orders "
            "inner join identity.int_identity__customers_now using (record_no) "
            "where status = 'completed' and superseded_on is null group by all order by all",
            [run.as_of_date],
        )
        past = frame(
            connection,
            "select target, avg(cast(coalesce(window_amount, people_reached) as double)) as mean "
            "from labels.customer_outcomes group by all order by all",
        )
        interests = interests_of(connection, run.as_of_date, features["customer_id"])
        drawn = interests, category_sales(connection, run.as_of_date)
        return said, curve, features, orders, past, drawn  # type: ignore[return-value]


def timing_table(told: Told) -> pd.DataFrame:
    """Errors in days of the next order: what was published, and the baselines."""
    rows = _joined(told, "next_purchase")
    watched = float(rows["days_observed"].iloc[0])
    repeats, recency, age = (rows[name].to_numpy(float) for name in ("repeats", "recency", "age"))
    lifetimes = BgNbd.fit(*(told.orders[n].to_numpy(float) for n in ("repeats", "recency", "age")))
    within = lifetimes.ordered_by(repeats, recency, age, watched)
    gap = rows["mean_gap_days"].fillna(rows["mean_gap_days"].median()).to_numpy(float)
    halfway = {
        "Kith": _halfway(told.curve, rows, watched),
        "BG/NBD": lifetimes.day_of_share(repeats, recency, age, within / 2),
    }
    said = {
        "Kith": rows["expected_days"].to_numpy(float),
        "BG/NBD": lifetimes.day_of_share(repeats, recency, age, np.full(len(rows), 0.5)),
        "own mean gap since the last order": np.maximum(gap - rows["days_since_last_order"], 0.0),
        "own mean gap from today": gap,
    }
    # An order on day d came between d and d + 1.
    actual = rows["days_until_order"].to_numpy(float, na_value=np.nan) + 0.5
    back = ~np.isnan(actual)
    cut = np.where(back, np.minimum(actual, watched), watched)
    lines = []
    for name, days in said.items():
        kept = np.minimum(np.asarray(days), MOST_DAYS)
        error = np.abs(np.minimum(kept, watched) - cut)
        late = np.abs(kept - actual)[back]
        fair = np.abs(halfway.get(name, kept) - actual)[back]
        lines.append(
            (name, error.mean(), np.median(error), np.median(late), np.median(fair), fair.mean())
        )
    columns = [
        "days until the next order",
        "all, cut off: mean error",
        "median error",
        "came back: median error of the day said",
    ]
    return pd.DataFrame(lines, columns=[*columns, "of the day if it comes back: median", "mean"])


def _halfway(curve: pd.DataFrame, rows: pd.DataFrame, watched: float) -> Floats:
    """The day by which half of those who order within ``watched`` days have ordered, by the published curve."""
    wide = curve.pivot(index="customer_id", columns="days", values="probability").loc[
        rows["customer_id"]
    ]
    days = np.array([0, *wide.columns], dtype=float)
    hazard = -np.log1p(
        -np.clip(np.column_stack([np.zeros(len(wide)), wide.to_numpy()]), 0, 1 - 1e-12)
    )
    if watched > days[-1]:
        slope = (hazard[:, -1] - hazard[:, -2]) / (days[-1] - days[-2])
        hazard = np.column_stack([hazard, hazard[:, -1] + slope * (watched - days[-1])])
        days = np.append(days, watched)
    found = []
    for line in hazard:
        ordered = -np.expm1(-np.interp(watched, days, line))
        found.append(np.interp(-np.log1p(-ordered / 2), line, days))
    return np.array(found)


def amount_table(told: Told, target: str) -> pd.DataFrame:
    """Errors and totals of what a window brings: Kith's two parts, a simple two-part rule, the plain average."""
    rows = _joined(told, target)
    horizon = float(rows["horizon_days"].iloc[0])
    probability = rows["probability"].to_numpy(float)
    actual = rows["people_reached" if target == "share" else "window_amount"].to_numpy(float)
    column = {
        "next_purchase": "expected_amount",
        "churn": "expected_loss",
        "share": "expected_reach",
    }[target]
    said = rows[column].to_numpy(float)
    if target == "churn":  # what it would spend if it stays, times the probability that it does
        said = said / probability * (1.0 - probability)
    per_day = rows["order_days_count_all"] / np.maximum(rows["days_since_first_order"], horizon)
    own = rows["mean_order_amount"].fillna(0.0)
    if target == "share":
        per_day = rows["share_days_count_all"] / np.maximum(
            rows["days_since_first_share_sent"], horizon
        )
        own = rows["people_shared_with_count_all"] / rows["share_days_count_all"].clip(lower=1)
    rule = ((1.0 - np.exp(-per_day.fillna(0.0) * horizon)) * own).to_numpy(float)
    mean = float(told.past.set_index("target").loc[target, "mean"])
    draw = np.random.default_rng(SEED).integers(len(rows), size=(DRAWS, len(rows)))
    lines = []
    for name, guess in (
        ("Kith", said),
        ("own rate times own mean", rule),
        ("plain average", np.full(len(rows), mean)),
    ):
        ratios = guess[draw].sum(axis=1) / actual[draw].sum(axis=1)
        low, high = np.quantile(ratios, [0.1, 0.9])
        error = np.abs(guess - actual).mean()
        total = guess.sum() / actual.sum()
        lines.append(
            (
                name,
                error,
                np.corrcoef(guess, actual)[0, 1] if guess.std() else 0.0,
                total,
                low,
                high,
            )
        )
    columns = ["mean error", "correlation", "total expected / came", "80 % from", "to"]
    return pd.DataFrame(lines, columns=[f"{target}: {len(rows):,} customers", *columns])


def category_table(told: Told) -> pd.DataFrame:
    """How often the next order holds one of three categories shown."""
    bought = told.next_categories
    rows = told.said[(told.said["target"] == "next_purchase") & told.said["category_1"].notna()]
    bought = bought[bought["customer_id"].isin(rows["customer_id"])]
    found = candidates(bought["customer_id"].tolist(), *told.interests)
    if found is None or len(found.categories) <= SHOWN:  # nothing to choose
        return pd.DataFrame()
    shown = rows.set_index("customer_id").loc[
        found.customers, ["category_1", "category_2", "category_3"]
    ]
    place = {name: number for number, name in enumerate(found.categories.tolist())}
    kith = shown.map(lambda name: place.get(name, -1)).to_numpy()
    ways = {
        "Kith": kith,
        "bought before": top_three(found, (1.0, 0.0, 0.0)),
        "what sells": top_three(found, (0.0, 0.0, 1.0)),
    }
    lines = [
        (name, len(found.customers), *(hit_rate(found, best[:, :n], bought) for n in (1, 3)))
        for name, best in ways.items()
    ]
    return pd.DataFrame(
        lines,
        columns=["category of the next order", "orders", "hit by the first", "by the first three"],
    )


def _joined(told: Told, target: str) -> pd.DataFrame:
    said = told.said[told.said["target"] == target].drop(columns="horizon_days")
    came = told.came[told.came["target"] == target].drop(columns=["as_of_date", "target"])
    rows = said.merge(came, on="customer_id").merge(told.features, on="customer_id")
    rows = rows.merge(told.orders, on="customer_id", how="left")
    if rows.empty:
        raise SystemExit(f"nobody was scored for {target}")
    return rows


def main() -> None:
    """Print the tables of the cases named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--work", type=Path, help="keep what is built here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.cases:
            told = told_of(CASES[name], (arguments.work or Path(folder)) / name)
            print(f"\n### {name}, as of {told.case.day}, judged on {told.case.later}\n")
            targets = list(dict.fromkeys(told.said["target"]))
            tables = [timing_table(told)] if "next_purchase" in targets else []
            tables += [amount_table(told, target) for target in targets]
            tables += [category_table(told)] if "next_purchase" in targets else []
            for table in tables:
                if len(table):
                    print(table.to_markdown(index=False, floatfmt=".3f"), "\n", flush=True)


if __name__ == "__main__":
    main()
