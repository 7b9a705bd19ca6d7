"""Landing zones with little in them: everything is published, what cannot be scored says why with its counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from tests.conftest import Row, write_csv
from tests.flow.worlds import Published, run_once

pytestmark = pytest.mark.slow
DAY = date(2024, 6, 1)

Rows = dict[str, list[Row]]


def one_order_date() -> Rows:
    return {
        "orders": [
            {
                "source": "web",
                "order_id": number,
                "source_key": f"k{number % 40}",
                "occurred_at": "2024-03-01",
                "amount": 5,
            }
            for number in range(60)
        ]
    }


def only_shares() -> Rows:
    return {
        "shares": [
            {"source": "app", "share_id": number, "inviter_key": f"a{number % 7}", "invitee_key": f"b{number % 11}",
             "occurred_at": f"2024-05-{number % 28 + 1:02} 12:00:00"}
            for number in range(80)
        ]
    }  # fmt: skip


def only_interactions() -> Rows:
    return {
        "interactions": [
            {"source": "web", "source_key": f"k{number % 30}", "kind": "view",
             "occurred_at": f"2024-0{number % 5 + 1}-11 09:00"}
            for number in range(90)
        ]
    }  # fmt: skip


def long_gone() -> Rows:
    return {
        "orders": [
            {
                "source": "web",
                "order_id": number,
                "source_key": f"k{number}",
                "occurred_at": "2020-03-01",
                "amount": 5,
            }
            for number in range(20)
        ]
    }


def nothing_yet() -> Rows:
    return {
        "orders": [
            {
                "source": "web",
                "order_id": "1",
                "source_key": "k",
                "occurred_at": "2024-07-01",
                "amount": 5,
            }
        ],
        "profiles": [{"source": "web", "source_key": "k", "known_at": "2024-07-01", "name": "K"}],
    }


NOBODY = dict.fromkeys(("next_purchase", "churn", "share"), ("empty_population", 0, 0))

# World, customers published, and per target the reason and the customers found with and without the outcome.
EXPECTED: list[tuple[Callable[[], Rows], int, dict[str, tuple[str, int, int]]]] = [
    (
        one_order_date,
        40,
        # At the cut-offs just after it everybody is in the population of churn, and nobody came back.
        {
            "next_purchase": ("thin_data", 0, 40),
            "churn": ("empty_population", 40, 0),
            "share": ("thin_data", 0, 40),
        },
    ),
    (
        only_shares,
        18,
        # Only the first of May lies a month back: one inviter, who went on, and three who received.
        {
            "next_purchase": ("empty_population", 0, 0),
            "churn": ("empty_population", 0, 0),
            "share": ("thin_data", 1, 3),
        },
    ),
    (
        only_interactions,
        30,
        # The six who first came in May had not been seen at any cut-off a month ago.
        {
            "next_purchase": ("empty_population", 0, 0),
            "churn": ("empty_population", 0, 0),
            "share": ("thin_data", 0, 24),
        },
    ),
    (long_gone, 20, NOBODY),
    (nothing_yet, 0, NOBODY),
]


@pytest.fixture(params=EXPECTED, ids=[world.__name__ for world, _, _ in EXPECTED], scope="module")
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Published, int, dict[str, tuple[str, int, int]]]:
    world, customers, verdicts = request.param
    landing = tmp_path_factory.mktemp("landing")
    for entity, rows in world().items():
        write_csv(landing, entity, rows)
    return run_once(landing, tmp_path_factory.mktemp("home"), DAY, settings=""), customers, verdicts


def test_it_is_published_and_says_why_nobody_is_scored(
    case: tuple[Published, int, dict[str, tuple[str, int, int]]],
) -> None:
    published, customers, verdicts = case
    assert len(published.table("customers")) == customers
    scores = published.table("customer_scores")
    assert len(scores) == customers * 3
    assert (scores["status"] == "not_scored").all()
    assert scores["probability"].isna().all()
    for model in published.manifest["models"]:
        reason, found_with, found_without = verdicts[model["target"]]
        assert model["status"] == "not_scored"
        assert model["reason_code"] == reason
        assert (model["customers_with"], model["customers_without"]) == (found_with, found_without)
        assert model["customers_needed"] == 200
        rows = scores[scores["target"] == model["target"]]
        assert set(rows["reason_code"]) <= {reason}
        assert any(f"{model['target']}" in line and "not scored" in line for line in published.said)
    quality = published.table("data_quality")
    assert quality["observed"].str.contains("with the outcome").sum() == 3
    assert published.manifest["audit"]["result"] == "passed"
