"""Readings of lift: intervals that cover, no reading before its window has closed, nobody twice or in both groups."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.activate.lift.estimates import (
    mean_difference,
    rate_difference,
    rate_p_value,
    smallest_visible,
)
from ml.activate.lift.page import forest_plot, write_lift_page
from ml.activate.lift.readings import readings_of
from ml.activate.lift.step import lines_of
from ml.errors import KithError

DAY = date(2026, 1, 6)
LATE = datetime(2027, 1, 1)


def exported(
    people: int,
    effect: float,
    seed: int,
    audience: str = "ready_to_buy",
    day: date = DAY,
    rate: float = 0.1,
    holdout: float = 0.3,
) -> pd.DataFrame:
    """Rows of one list: who was held out, and what each did."""
    random = np.random.default_rng(seed)
    is_treated = random.random(people) >= holdout
    purchase = random.random(people) < rate + effect * is_treated
    ids = [f"{audience}-{seed}-{number}" for number in range(people)]
    return pd.DataFrame(
        {
            "origin": "audience", "pattern": audience, "campaign": f"{audience} {day.year}Q{(day.month - 1) // 3 + 1}",
            "campaign_date": pd.Timestamp(day), "channel": "email", "customer_id": ids, "person": ids,
            "is_treated": is_treated, "is_mixed": False, "treated_share": 1 - holdout, "read_days": 14,
            "purchase": purchase, "amount": purchase * random.gamma(2.0, 20.0, people),
        }
    )  # fmt: skip


def reading(contacts: pd.DataFrame, until: datetime = LATE) -> dict[str, object]:
    (row,) = readings_of(contacts, until, 3).to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_intervals_hold_the_planted_effect_as_often_as_they_say() -> None:
    lists = [exported(900, 0.04, seed, f"list_{seed:03d}") for seed in range(400)]
    table = readings_of(pd.concat(lists), LATE, 3)
    table = table[table["status"] == "read"]
    trials = len(table)
    assert trials > 390  # a true coin fails the test of shares once in a thousand
    rate_covered = ((table["difference_low"] <= 0.04) & (table["difference_high"] >= 0.04)).sum()
    money_covered = ((table["money_low"] <= 1.6) & (table["money_high"] >= 1.6)).sum()
    noise = 3 * np.sqrt(0.95 * 0.05 / trials)
    assert abs(rate_covered / trials - 0.95) < noise
    assert abs(money_covered / trials - 0.95) < noise + 0.01


def test_nothing_planted_gives_no_more_false_alarms_than_stated() -> None:
    alarms = [
        bool(
            readings_of(
                pd.concat(
                    [
                        exported(400, 0.0, 100 * seed + list_no, f"list_{list_no}")
                        for list_no in range(8)
                    ]
                ),
                LATE,
                3,
            )["is_proved"].any()
        )
        for seed in range(80)
    ]
    assert np.mean(alarms) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 80)


def test_an_effect_is_proved_among_many_lists_without_any() -> None:
    lists = [exported(4_000, 0.0, number, f"list_{number}") for number in range(7)]
    table = readings_of(pd.concat([*lists, exported(4_000, 0.08, 99, "moved")]), LATE, 3)
    assert list(table.loc[table["is_proved"].eq(True), "name"]) == ["moved"]
    assert (table["q_value"] >= table["p_value"]).all()


@given(st.integers(0, 400))
@settings(max_examples=60)
def test_no_reading_before_the_last_possible_window_of_the_quarter_has_closed(days: int) -> None:
    until = datetime(2026, 1, 6) + timedelta(days=days)
    row = reading(exported(400, 0.05, 1), until)
    closes = date(2026, 3, 31) + timedelta(days=14)
    assert row["closes_on"] == closes
    assert row["readable_on"] == closes + timedelta(days=3)
    if until < datetime(2026, 4, 14):
        assert row["status"] == "waiting"
        assert row["difference"] is None or pd.isna(row["difference"])
        assert pd.isna(row["people_treated"])
    else:
        assert row["status"] == "read"


def test_who_was_in_both_groups_counts_in_neither() -> None:
    clean = exported(600, 0.0, 2)
    torn = exported(50, 0.0, 3).assign(is_mixed=True, purchase=True)
    both = exported(30, 0.0, 4).assign(purchase=True, is_treated=True)
    twice = pd.concat([both, both.assign(is_treated=False, customer_id="another record")])
    row = reading(pd.concat([clean, torn, twice]))
    expected = reading(clean)
    assert row["left_out_mixed"] == 80
    for name in ("people_treated", "people_holdout", "difference", "money_difference"):
        assert row[name] == expected[name]


def test_a_person_enters_once_a_quarter_with_the_first_list() -> None:
    first = exported(600, 0.0, 5)
    later = first.assign(campaign_date=pd.Timestamp("2026-02-10"), purchase=True)
    row = reading(pd.concat([later, first]))
    expected = reading(first)
    assert row["difference"] == expected["difference"]
    assert row["people_treated"] == expected["people_treated"]
    spring = first.assign(campaign_date=pd.Timestamp("2026-04-07"), campaign="ready_to_buy 2026Q2")
    assert list(readings_of(pd.concat([first, spring]), LATE, 3)["quarter"]) == ["2026Q1", "2026Q2"]


def test_a_share_that_does_not_fit_the_declared_one_is_not_read() -> None:
    contacts = exported(2_000, 0.0, 6)
    lost = contacts[contacts["is_treated"] | (np.arange(2_000) % 3 > 0)]
    row = reading(lost)
    assert row["status"] == "not_comparable"
    assert row["reason_code"] == "share_mismatch"
    assert row["is_causal"] is False
    assert pd.isna(row["difference"])


def test_campaigns_are_read_one_by_one_and_by_quarter() -> None:
    pilots = [
        exported(500, 0.05, number, f"2026-0{month}-06", date(2026, month, 6), holdout=0.5).assign(
            origin="campaign", pattern="%-pilot", campaign=f"2026-0{month}-06-pilot"
        )
        for number, month in enumerate((1, 2, 4))
    ]
    table = readings_of(pd.concat(pilots), LATE, 3)
    assert list(zip(table["kind"], table["quarter"], strict=True)) == [
        ("campaign", "2026Q1"),
        ("campaign", "2026Q1"),
        ("campaign", "2026Q2"),
        ("campaigns", "2026Q1"),
        ("campaigns", "2026Q2"),
    ]
    both = table[table["kind"] == "campaigns"].iloc[0]
    assert both["people_treated"] + both["people_holdout"] == 1_000


def test_few_people_are_no_group() -> None:
    row = reading(exported(60, 0.0, 7, holdout=0.2))
    assert row["status"] == "too_few_people"
    assert pd.isna(row["difference"])


def test_nobody_ever_drawn_is_an_empty_table_and_a_page_that_says_so(tmp_path: object) -> None:
    empty = readings_of(exported(40, 0.0, 8).iloc[:0], LATE, 3)
    assert empty.empty
    page = write_lift_page(tmp_path / "lift" / "index.html", empty, DAY)  # type: ignore[operator]
    assert "nothing can be read" in page.read_text()


def test_the_page_and_the_lines_tell_open_and_read_lists_apart(tmp_path: object) -> None:
    table = readings_of(
        pd.concat([exported(900, 0.1, 9), exported(900, 0.1, 10, "later", date(2026, 12, 1))]),
        LATE,
        3,
    )
    page = write_lift_page(tmp_path / "lift" / "index.html", table, DAY)  # type: ignore[operator]
    text = page.read_text()
    assert "<svg" in text
    assert "ready_to_buy" in text
    assert len(forest_plot(table[table["status"] == "read"]).axes) == 1
    assert "open until 2027-01-14; read from 2027-01-17 on" in lines_of(table, "later")[0]
    assert "proved" in lines_of(table, "ready_to_buy")[0]
    with pytest.raises(KithError, match=r"no reading of 'never_sent'.*later, ready_to_buy"):
        lines_of(table, "never_sent")


@given(st.integers(2, 80), st.integers(2, 80), st.data())
@settings(max_examples=100)
def test_intervals_lie_about_the_difference_and_turn_with_the_groups(
    treated: int, others: int, data: st.DataObject
) -> None:
    one, two = data.draw(st.integers(0, treated)), data.draw(st.integers(0, others))
    found = rate_difference(one, treated, two, others)
    assert -1 <= found.low <= found.value <= found.high <= 1
    turned = rate_difference(two, others, one, treated)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))
    assert 0 <= rate_p_value(one, treated, two, others) <= 1


def test_newcombes_own_example() -> None:
    # Newcombe (1998), table II, contrast (a): 56/70 and 48/80 give 0.0524 to 0.3339 by method 10.
    found = rate_difference(56, 70, 48, 80)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_smallest_visible_difference_is_proved_four_times_in_five() -> None:
    gap = smallest_visible(0.115, 2_000, 2_000)
    random = np.random.default_rng(1)
    seen = [
        rate_p_value(int(a), 2_000, int(b), 2_000) < 0.05
        for a, b in zip(
            random.binomial(2_000, 0.1 + gap, 1_500),
            random.binomial(2_000, 0.1, 1_500),
            strict=True,
        )
    ]
    assert 0.77 <= np.mean(seen) <= 0.84


def test_money_of_nobody_has_no_spread() -> None:
    none = mean_difference(np.zeros(40), np.zeros(50))
    assert (none.value, none.low, none.high) == (0, 0, 0)
    assert np.isnan(mean_difference(np.ones(1), np.zeros(50)).low)
