"""The tasks that quality is measured on: real shops and shares, each with a day and what came after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from ml import flow
from ml.data.build import build_cutoffs, build_events, build_identity
from ml.data.importers import IMPORTERS
from ml.data.stage import build_landing
from ml.data.targets import Target
from ml.data.warehouse import connect, frame
from ml.learn.training_rows import population_features, training_frames
from ml.run import Run
from ml.serve.versions import Versions


@dataclass(frozen=True)
class Goal:
    """What a group of people must reach: least AUC, and where it is asked, most log-loss."""

    group: str
    auc: float
    log_loss: float | None = None


@dataclass(frozen=True)
class Case:
    """One question to one data set: asked on a day, judged on a later one."""

    title: str
    importer: str
    folder: str
    target: Target
    day: date
    later: date
    goals: tuple[Goal, ...]

    @property
    def key(self) -> str:
        """A short name for files."""
        return f"{self.folder}_{self.target.key}"


CASES = (
    Case(
        "Online Retail, next purchase",
        "online-retail",
        "online_retail",
        Target("next_purchase", 30, 365),
        date(2011, 11, 1),
        date(2011, 12, 10),
        (Goal("everyone", 0.740, 0.552),),
    ),
    Case(
        "Online Retail, churn",
        "online-retail",
        "online_retail",
        Target("churn", 90, 90),
        date(2011, 9, 1),
        date(2011, 12, 10),
        (Goal("everyone", 0.755, 0.534),),
    ),
    Case(
        "CDNOW, next purchase",
        "cdnow",
        "cdnow",
        Target("next_purchase", 90, 365),
        date(1998, 4, 1),
        date(1998, 7, 1),
        (Goal("everyone", 0.732, 0.516),),
    ),
    Case(
        "CDNOW, churn",
        "cdnow",
        "cdnow",
        Target("churn", 90, 90),
        date(1998, 4, 1),
        date(1998, 7, 1),
        (Goal("everyone", 0.722, 0.612),),
    ),
    Case(
        "Taobao, share",
        "taobao-shares",
        "taobao_shares",
        Target("share", 3, 365),
        date(2022, 10, 25),
        date(2022, 10, 30),
        (Goal("everyone", 0.862), Goal("shared before", 0.680)),
    ),
)


@dataclass(frozen=True)
class Played:
    """A case that was run: what Kith learned from, what it said on the day, what came true.

    `features` and `labels` are those of the matured cut-offs; `histories` what was known of the
    order days of everybody who ever bought; `today` has one row per person asked about, with all
    features, Kith's `probability` and the `label` that came true.
    """

    case: Case
    features: pd.DataFrame
    labels: pd.DataFrame
    histories: pd.DataFrame
    today: pd.DataFrame

    def groups(self) -> dict[str, pd.Series]:
        """Who is looked at: everyone, and for shares those who had shared before."""
        everyone = pd.Series(True, index=self.today.index)
        if self.case.target.name != "share":
            return {"everyone": everyone}
        return {"everyone": everyone, "shared before": self.today["shares_sent_count_all"] > 0}


def play(case: Case, data: Path, work: Path, report: Callable[[str], None]) -> Played:
    """Run a case as a brand would: import, the whole day, then the labels as a later day knows them."""
    landing, home, targets = work / case.folder, work / f"home_{case.key}", work / f"{case.key}.csv"
    if not landing.exists():
        IMPORTERS[case.importer](data / case.folder, landing)
    wanted = case.target
    targets.write_text(
        "target,horizon_days,population_days\n"
        f"{wanted.name},{wanted.horizon_days},{wanted.population_days}\n",
        encoding="utf-8",
    )
    run = Run.of(home, landing, case.day, targets, report)
    flow.run_day(run)
    features, labels = training_frames(run, wanted)
    today = population_features(run, wanted)
    version = Versions(run.home).current()
    assert version is not None
    scores = pd.read_parquet(
        run.home.published / "versions" / version.name / "customer_scores.parquet",
        columns=["customer_id", "target", "probability"],
    )
    today = today.merge(scores[["customer_id", "probability"]], on="customer_id")
    histories = order_histories(run)
    today = today.merge(_came_true(case, run), on="customer_id")
    return Played(case, features, labels, histories, today)


def order_histories(run: Run) -> pd.DataFrame:
    """Everybody who ever bought, in whole days until the run's date: order days, since the first, since the last."""
    with connect(run.home, read_only=True) as warehouse:
        return frame(
            warehouse,
            "select count(distinct cast(occurred_at as date)) as order_days_count_all, "
            "date_diff('day', min(occurred_at)::date, ?::date) as days_since_first_order, "
            "date_diff('day', max(occurred_at)::date, ?::date) as days_since_last_order "
            "from relationship.int_customer__orders where status = 'completed' "
            "group by customer_no order by customer_no",
            [run.as_of_date, run.as_of_date],
        )


def _came_true(case: Case, run: Run) -> pd.DataFrame:
    """The labels of the case's day, known by the later one."""
    later = Run(run.home, run.landing, case.later, run.targets, run.report)
    for step in (build_landing, build_identity, build_events):
        step(later)
    build_cutoffs(later, [(case.target.name, case.target.horizon_days, case.day)])
    with connect(later.home, read_only=True) as warehouse:
        return frame(
            warehouse,
            "select customer_id, label from labels.customer_labels "
            "where target = ? and horizon_days = ? and as_of_date = ? order by customer_id",
            [case.target.name, case.target.horizon_days, case.day],
        )
