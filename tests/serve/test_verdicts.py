"""What is said of a target that nobody was scored for: why, and what to do."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ml.data.warehouse import connect
from ml.run import Run, RunState
from ml.serve.score import TargetVerdict, describe, score_customers
from tests.conftest import build_world, write_csv

DAY = date(2024, 6, 1)
TARGETS = "target,horizon_days,population_days\nnext_purchase,30,365\n"
FOUND = {"customers_with": 40, "customers_without": 0, "customers_needed": 200}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A day with features, on which nothing was trained."""
    place = tmp_path_factory.mktemp("brand")
    orders = [
        {
            "source": "web",
            "order_id": f"o{number}",
            "source_key": f"k{number % 9}",
            "occurred_at": f"2024-05-{1 + number % 28:02d} 10:00:00",
            "amount": number + 1,
        }
        for number in range(40)
    ]
    write_csv(place / "landing", "orders", orders)
    parts = ("landing", "identity", "events", "features")
    return build_world(
        place / "landing", place / "home", DAY, parts, 'default_country = "GB"\n', TARGETS
    ).run


@pytest.mark.parametrize(
    ("training", "reason", "told"),
    [
        ({}, "no_model", "no model of today's definition serves"),
        ({"status": "trained", **FOUND}, "no_model", "`kith train` and `kith promote`"),
        ({"status": "thin_data", **FOUND}, "thin_data", "40 customers with the outcome and 0"),
    ],
)
def test_without_a_model_it_says_why(
    run: Run, training: dict[str, Any], reason: str, told: str
) -> None:
    RunState(run).note("train", training_next_purchase_30d=training)
    said: list[str] = []
    score_customers(
        Run.of(run.home.root, run.landing, DAY, run.home.root / "targets.csv", said.append)
    )
    (line,) = said
    assert told in line
    assert reason == "thin_data" or "thin data" not in line
    with connect(run.home, read_only=True) as connection:
        query = "select status, reason_code, population from scores.verdicts"
        assert connection.execute(query).fetchall() == [("not_scored", reason, 9)]


def test_nobody_to_ask_about_is_another_reason() -> None:
    verdict = TargetVerdict("share", 90, "not_scored", "empty_population", 0)
    assert describe(verdict) == "share_90d: not scored, nobody is in its population on this day"
