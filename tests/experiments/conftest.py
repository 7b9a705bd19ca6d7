"""A home as a build leaves it, from a small simulated world, with one model trained and serving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from ml.data.targets import Target
from ml.data.warehouse import connect, write_table
from ml.home import Home
from ml.learn.champion import promote_candidates
from ml.learn.fit import train_models
from ml.run import Run, RunState
from tests.learn.worlds import HORIZON, make_world

DAY = date(2024, 3, 4)
SHARE = Target("share", HORIZON, 365)
FAMILIES = {
    "visits_count_30d": "interactions",
    "complaints_count_30d": "service",
    "days_since_last_share": "shares",
    "noise_0": "noise",
    "noise_1": "noise",
}
TARGETS = f"target,horizon_days,population_days\n{SHARE.name},{SHARE.horizon_days},{SHARE.population_days}\n"


@dataclass(frozen=True)
class TrialBrand:
    """A home, the run whose day it holds, the targets file, and the lines it said last."""

    run: Run
    targets: Path
    said: list[str]

    @property
    def options(self) -> list[str]:
        """The options that every step of a run takes."""
        home, landing = self.run.home.root, self.run.landing
        given = {"landing": landing, "home": home, "as-of-date": DAY, "targets": self.targets}
        return [str(part) for name, value in given.items() for part in (f"--{name}", value)]


@pytest.fixture(scope="session")
def brand(tmp_path_factory: pytest.TempPathFactory) -> TrialBrand:
    """Visits raise and complaints lower the chance to share; the family `noise` says nothing."""
    root = tmp_path_factory.mktemp("trial")
    targets, said = root / "targets.csv", list[str]()
    targets.write_text(TARGETS, encoding="utf-8")
    (root / "home").mkdir()
    (root / "home" / "kith.toml").write_text("min_class_customers = 50\n", encoding="utf-8")
    run = Run(Home(root / "home"), root / "landing", DAY, [SHARE], said.append)
    _fill(run)
    train_models(run, [SHARE])
    promote_candidates(run)
    return TrialBrand(run, targets, said)


def _fill(run: Run) -> None:
    world = make_world("logistic", customers=400, cutoffs=8, noise_columns=2)
    latest = world.features["as_of_date"] == world.features["as_of_date"].max()
    today = world.features[latest].assign(as_of_date=pd.Timestamp(DAY))
    features = pd.concat([world.features, today], ignore_index=True)
    keys = {"customer_id": "varchar", "as_of_date": "date"}
    slices = features[list(keys)].assign(
        experience="light", channel="web", level="weak", gender=None, age_band=None
    )
    slices["gender"] = (
        slices["customer_id"].str[-1].isin(list("02468")).map({True: "f", False: "m"})
    )
    of_target = {"target": SHARE.name, "horizon_days": SHARE.horizon_days}
    tables = {
        "features.customer_features": (dict.fromkeys(world.names, "float"), features),
        "features.customer_slices": (dict.fromkeys(slices.columns[2:], "varchar"), slices),
        "features.customer_population": (
            {"target": "varchar", "horizon_days": "integer"},
            today[list(keys)].assign(**of_target),
        ),
        "labels.customer_labels": (
            {"target": "varchar", "horizon_days": "integer", "label": "integer"},
            world.labels.assign(**of_target),
        ),
        "labels.customer_outcomes": (
            {
                "target": "varchar",
                "horizon_days": "integer",
                "days_until_order": "integer",
                "days_observed": "integer",
                "window_amount": "decimal(18,4)",
                "people_reached": "integer",
            },
            world.labels.assign(
                **of_target,
                days_until_order=None,
                days_observed=SHARE.horizon_days,
                window_amount=None,
                people_reached=world.labels["label"],
            ),
        ),
    }
    with connect(run.home) as connection:
        for name, (columns, frame) in tables.items():
            write_table(connection, name, {**keys, **columns}, frame)
        listed = {"feature": "varchar", "family": "varchar"}
        write_table(connection, "features.feature_list", listed, [*map(list, FAMILIES.items())])
        write_table(connection, "events.int_customer__refusals", {"customer_id": "varchar"}, [])
    state = RunState(run)
    state.begin()
    for step in ("landing", "identity", "events", "features", "labels"):
        state.note(step)
    state.note("labels", landing_digest="d" * 64, label_lag_days=0, first_fact="2023-12-01")
