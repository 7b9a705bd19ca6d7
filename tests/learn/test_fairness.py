"""Groups in a model's card: a planted difference is named, none is made up, and small groups stay unseen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.learn.judging.card_groups import fairness_section, slices_section
from ml.learn.judging.fairness import LEAST_CUSTOMERS, NOT_KNOWN, fairness_table

CUSTOMERS = 1000


def world(lowered: float = 0.0, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions that are true, but lowered (in log-odds) for the women; 40 people of unknown gender."""
    random = np.random.default_rng(seed)
    logit = random.normal(size=CUSTOMERS)
    gender = np.where(
        np.arange(CUSTOMERS) < 40, None, np.where(np.arange(CUSTOMERS) % 2, "female", "male")
    )
    rows = pd.DataFrame(
        {
            "customer_id": [f"c{number:04d}" for number in range(CUSTOMERS)],
            "as_of_date": pd.Timestamp("2024-01-01"),
            "label": (random.random(CUSTOMERS) < 1 / (1 + np.exp(-logit))).astype(int),
            "served": 1 / (1 + np.exp(-logit + lowered * (gender == "female"))),
        }
    )
    return rows, rows[["customer_id", "as_of_date"]].assign(gender=gender)


def test_figures_are_those_of_the_group() -> None:
    oof, groups = world()
    table = fairness_table(oof, groups, seed=1).set_index("group")
    assert list(table.index) == ["female", "male", NOT_KNOWN]
    women = oof[groups["gender"] == "female"]
    assert table.loc["female", "customers"] == len(women)
    assert table.loc["female", "real_rate"] == pytest.approx(women["label"].mean())
    top = oof["served"].rank(ascending=False) <= CUSTOMERS / 5
    assert table.loc["female", "chosen_share"] == pytest.approx(top[women.index].mean())
    assert table.loc["female", "too_high"] == pytest.approx(
        (women["served"] - women["label"]).mean()
    )
    for name in ("real_rate", "chosen_share", "auc", "too_high"):
        ends = table.loc[["female", "male"], [f"{name}_lower", name, f"{name}_upper"]].to_numpy()
        assert (np.diff(ends, axis=1) > 0).all()
    assert table.loc[NOT_KNOWN, "customers"] == 40 < LEAST_CUSTOMERS
    assert np.isnan(table.loc[NOT_KNOWN, "auc"])


def test_a_group_that_is_predicted_too_low_is_named() -> None:
    said = fairness_section(*world(lowered=1.0), seed=1)
    assert "**Worth a look:**" in said
    assert "gender female is chosen less than four fifths as often" in said
    assert "gender female is predicted too low beside everybody" in said
    assert "gender male is chosen" not in said


def test_true_predictions_are_rarely_called_unfair() -> None:
    named = ["Worth a look" in fairness_section(*world(seed=seed), seed=1) for seed in range(12)]
    assert sum(named) <= 4


def test_nothing_known_is_said() -> None:
    oof, groups = world()
    assert "Not known" in fairness_section(oof, groups.iloc[:0], seed=1)
    assert "Not known" in fairness_section(oof.iloc[:0], groups, seed=1)
    nobody = fairness_section(oof, groups.assign(gender=None), seed=1)
    assert f"| gender | {NOT_KNOWN} | 1,000 |" in nobody
    assert "No group stands out beyond chance." in nobody


def test_slices_are_told_where_they_were_tested() -> None:
    assert slices_section(pd.DataFrame()) == ""
    columns = [
        "slice_kind",
        "slice",
        "bin",
        "slice_rows",
        "ece",
        "chance_limit",
        "badly_calibrated",
    ]
    table = pd.DataFrame(
        [
            ["experience", "new", 1, 1200, 0.031, 0.02, True],
            ["experience", "new", 2, 1200, 0.031, 0.02, True],
            ["experience", "heavy", 1, 900, 0.01, 0.03, False],
        ],
        columns=columns,
    )
    said = slices_section(table)
    assert said.count("| orders so far | new | 1,200 | 0.031 | 0.020 | no |") == 1
    assert "| orders so far | heavy | 900 | 0.010 | 0.030 | yes |" in said
