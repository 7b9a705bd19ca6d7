"""The steps `kith uplift` and `kith lift` on a small warehouse: tables, pages, and the same bytes again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from ml.activate.lift.step import LIFT_COLUMNS, read_lift
from ml.activate.uplift.step import estimate_effects, experiment_of
from ml.activate.uplift.tables import QUALITY_COLUMNS, UPLIFT_COLUMNS
from ml.errors import KithError
from ml.learn.registry import Registry
from ml.run import Run
from tests.activate.contact_worlds import DAY, VERSION, ContactWorld, planted_world

CUSTOMERS = 2_500


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, list[str]]]:
    """A home in which both steps ran, and what they said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        lines: list[str] = []
        run = planted_world(CUSTOMERS, seed=1).build(tmp_path_factory.mktemp("planted") / "home")
        run = replace(run, report=lines.append)
        estimate_effects(run)
        read_lift(run)
        yield run, lines


def files_of(run: Run) -> dict[str, bytes]:
    folder = run.home.activation_version(VERSION)
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_whom_messages_move_is_found(planted: tuple[Run, list[str]]) -> None:
    run, lines = planted
    table = pq.read_table(run.home.activation_version(VERSION) / "uplift.parquet")
    assert table.schema.names == UPLIFT_COLUMNS.names
    rows = table.to_pandas()
    assert not rows.duplicated(["channel", "outcome", "customer_id"]).any()
    assert len(rows) == CUSTOMERS * 2 * 3
    bought = rows[(rows["channel"] == "email") & (rows["outcome"] == "purchase")]
    lately = bought["status"] == "scored"
    assert 0.4 < lately.mean() < 0.6  # the others were not written to in the last 90 days
    assert set(bought.loc[~lately, "reason_code"]) == {"not_eligible"}
    assert (bought["is_causal"] == lately).all()
    assert bought["effect"].notna().eq(lately).all()
    random = np.random.default_rng(1)
    habit = []
    for _ in range(CUSTOMERS):  # as planted_world draws
        habit.append(random.random())
        random.random(4)
        for _ in range(3):
            random.random(2)
    people = pd.DataFrame({"customer_id": [f"c{n:05d}" for n in range(CUSTOMERS)], "habit": habit})
    bought = bought[lately].merge(people, on="customer_id")
    moved = bought["habit"] > 0.6
    assert bought.loc[moved, "effect"].mean() > 0.15
    assert abs(bought.loc[~moved, "effect"].mean()) < 0.08
    best = bought[bought["decile"] <= 3]
    assert (best["segment"] == "persuadable").mean() > 0.9
    assert (bought["effect_low"] < bought["effect"]).all()
    assert any("email, purchase: average effect" in line and "proved" in line for line in lines)


def test_a_channel_without_contacts_claims_nothing(planted: tuple[Run, list[str]]) -> None:
    run, lines = planted
    rows = pq.read_table(run.home.activation_version(VERSION) / "uplift.parquet").to_pandas()
    push = rows[rows["channel"] == "push"]
    assert set(push["status"]) == {"not_scored"}
    assert set(push["reason_code"]) == {"not_randomised"}
    assert not push["is_causal"].any()
    assert push["effect"].isna().all()
    assert any("push, purchase: nobody was chosen by a coin" in line for line in lines)


def test_quality_tells_the_smallest_visible_effect(planted: tuple[Run, list[str]]) -> None:
    run, _ = planted
    table = pq.read_table(run.home.activation_version(VERSION) / "uplift_quality.parquet")
    assert table.schema.names == QUALITY_COLUMNS.names
    rows = table.to_pandas()
    own = rows[(rows["channel"] == "email") & (rows["outcome"] == "purchase")].set_index("measure")
    assert own.loc["qini", "low"] > 0
    assert 0.01 < own.loc["smallest_visible_effect", "value"] < 0.05
    assert own.loc["share_treated", "predicted"] == 0.5
    assert len(own.loc["effect_in_decile"]) == 10


def test_the_models_stand_in_mlflow_with_a_card_and_pictures(
    planted: tuple[Run, list[str]],
) -> None:
    run, _ = planted
    registry = Registry(run.home)
    runs = dict(registry.runs_in(experiment_of("purchase")))
    (email,) = [run_id for run_id, tags in runs.items() if tags["channel"] == "email"]
    assert runs[email]["as_of_date"] == DAY.isoformat()
    assert "study.json" in registry.files_of(email, "effect")
    page = run.home.effects_page("uplift").read_text()
    assert page.count("<svg") == 4
    assert "nobody was chosen by a coin" in page.lower()


def test_lift_reads_the_pilots(planted: tuple[Run, list[str]]) -> None:
    run, _ = planted
    table = pq.read_table(run.home.activation_version(VERSION) / "lift.parquet")
    assert table.schema.names == LIFT_COLUMNS.names
    rows = table.to_pandas().set_index(["kind", "name", "quarter"])
    assert len(rows) == 5
    first = rows.loc[("campaign", "2026-01-06-pilot", "2026Q1")]
    assert first["difference_low"] < 0.1 < first["difference_high"]
    assert first["is_proved"]
    assert rows.loc[("campaigns", "%-pilot", "2026Q2"), "status"] == "waiting"
    assert rows.loc[("campaigns", "%-pilot", "2026Q2"), "readable_on"] == date(2026, 7, 16)


def test_both_steps_again_write_the_same_bytes_without_fitting(
    planted: tuple[Run, list[str]],
) -> None:
    run, _ = planted
    before, said = files_of(run), []
    again = replace(run, report=said.append)
    estimate_effects(again)
    read_lift(again, "%-pilot")
    assert files_of(run) == before
    assert said[0] == "effects: models of 6 questions are fresh enough"
    assert [
        line for line in said if line.startswith("lift: %-pilot, 2026Q2: open until 2026-07-14")
    ]


def test_a_changed_model_is_refused(
    planted: tuple[Run, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = planted
    real = Registry.files_of

    def forged(registry: Registry, run_id: str, folder: str) -> dict[str, bytes]:
        files = real(registry, run_id, folder)
        return {name: content.replace(b"0.", b"1.", 1) for name, content in files.items()}

    monkeypatch.setattr(Registry, "files_of", forged)
    with pytest.raises(KithError, match="do not match the SHA-256"):
        estimate_effects(run)


def test_another_day_than_the_current_version_stops(tmp_path: Path) -> None:
    run = ContactWorld().build(tmp_path / "home")
    with pytest.raises(
        KithError, match=r"published for 2026-07-02, but .* the current version is 2026-07-01-abc"
    ):
        estimate_effects(replace(run, as_of_date=DAY + timedelta(days=1)))
    state = json.loads(run.home.run_state.read_text())
    run.home.run_state.write_text(json.dumps(state | {"done": ["landing"]}))
    with pytest.raises(KithError, match="the step 'features' done"):
        read_lift(run)


def test_a_brand_without_anybody_gets_empty_tables(tmp_path: Path) -> None:
    lines: list[str] = []
    run = replace(ContactWorld().build(tmp_path / "home", []), report=lines.append)
    estimate_effects(run)
    read_lift(run)
    folder = run.home.activation_version(VERSION)
    for name, schema in (
        ("uplift", UPLIFT_COLUMNS),
        ("uplift_quality", QUALITY_COLUMNS),
        ("lift", LIFT_COLUMNS),
    ):
        table = pq.read_table(folder / f"{name}.parquet")
        assert table.schema.names == schema.names
        assert table.num_rows == 0
    assert "nobody was held out of an export, so nothing is claimed" in "\n".join(lines)
