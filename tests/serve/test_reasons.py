"""Reasons: what pushes a score is told, family by family, with what is usual, and never a protected trait."""

from __future__ import annotations

import csv
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.home import SEEDS
from ml.serve import reasons
from ml.serve.phrases import Phrase, plain
from ml.serve.protected import protected_trait
from ml.serve.reasons import BUT, LEAST_COUNTER_PUSH, NO_FURTHER_REASON, REASONS, Teller
from ml.serve.usual import compared, typical_values

UNKNOWN = float("nan")
# A catalogue of its own: what is told here does not move when a feature or its words do.
FAMILIES = {
    "recency": ["days_since_last_visit", "days_since_last_order"],
    "frequency": ["orders_count_30d", "orders_count_all"],
    "rhythm": ["mean_gap_days"],
    "coupons": ["coupon_orders_share"],
    "complaints": ["complaints_count_90d", "days_since_last_complaint"],
}
WORDS = {
    "days_since_last_visit": (
        "no visit for {value} days; usually every {usual}",
        "visited today",
        "never visited",
    ),
    "days_since_last_order": ("last order {value} days ago", "ordered today", "no order yet"),
    "orders_count_30d": ("{value} orders in 30 days", "no order in 30 days", "no order yet"),
    "orders_count_all": ("{value} orders so far", "no order so far", "no order so far"),
    "mean_gap_days": ("usually {value} days between orders", "daily", "no order yet"),
    "coupon_orders_share": ("a coupon in {percent} of orders", "no coupon", "no order yet"),
    "complaints_count_90d": ("{value} complaints", "no complaint", "no complaint"),
    "days_since_last_complaint": ("complaint {value} days ago", "complained today", "no complaint"),
}
USUAL = {"days_since_last_visit": "mean_gap_days"}
NAMES = list(WORDS)
FAMILY = {name: family for family, names in FAMILIES.items() for name in names}


def phrase(name: str) -> Phrase:
    return Phrase(
        topic=FAMILY[name],
        family=FAMILY[name],
        words=WORDS[name][0],
        words_when_zero=WORDS[name][1],
        words_when_unknown=WORDS[name][2],
        usual=USUAL.get(name, ""),
    )


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "phrase_for", phrase)


USUAL_ROW = dict.fromkeys(NAMES, 1.0) | {"mean_gap_days": 12.0, "days_since_last_complaint": np.nan}


def told_of(
    push: dict[str, float], values: dict[str, float] | None = None, is_likely: bool = True
) -> list[str]:
    """The reasons of one customer among usual ones, given what each feature pushes beyond the usual."""
    customer = {name: 30.0 + number for number, name in enumerate(NAMES)} | (values or {})
    population = pd.DataFrame([customer, *[USUAL_ROW] * 4], columns=NAMES)
    contributions = pd.DataFrame(0.25, index=population.index, columns=NAMES)
    for name, weight in push.items():
        contributions.loc[0, name] += weight
    contributions["bias"] = -1.0
    teller = Teller.of(population, contributions)
    told = teller.tell(contributions, population, np.full(5, is_likely))
    assert list(told.columns) == REASONS
    return [str(reason) for reason in told.iloc[0]]


def test_families_are_told_in_the_order_of_what_they_push_together() -> None:
    # Two orders features push .6 together, more than the single one of .5; each is told once, by its strongest.
    assert told_of(
        {
            "orders_count_30d": 0.25,
            "orders_count_all": 0.35,
            "mean_gap_days": 0.5,
            "coupon_orders_share": 0.1,
        },
        {"coupon_orders_share": 0.5, "mean_gap_days": 20},
    ) == [
        "33 orders so far; most: 1",
        "usually 20 days between orders; most: 12",
        "a coupon in 50 % of orders; most: 100 %",
    ]


def test_a_score_below_the_usual_is_told_by_what_lowers_it() -> None:
    push = {"orders_count_all": -0.5, "mean_gap_days": -0.05, "complaints_count_90d": -0.02}
    assert told_of(push, is_likely=False) == [
        "33 orders so far; most: 1",
        "usually 34 days between orders; most: 12",
        "36 complaints; most: 1",
    ]


def test_what_speaks_against_a_score_with_weight_is_told_last() -> None:
    push = {"orders_count_all": -0.5, "mean_gap_days": -0.4, "coupon_orders_share": -0.3}
    loyal = {**push, "days_since_last_complaint": LEAST_COUNTER_PUSH + 0.05}
    told = told_of(loyal, {"days_since_last_complaint": 12.0}, is_likely=False)
    assert told[:2] == ["33 orders so far; most: 1", "usually 34 days between orders; most: 12"]
    assert told[2] == "but complaint 12 days ago; most: never"
    faint = {**push, "days_since_last_complaint": LEAST_COUNTER_PUSH - 0.05}
    assert not any(reason.startswith(BUT) for reason in told_of(faint, is_likely=False))


def test_two_features_of_a_family_only_where_fewer_than_three_families_push() -> None:
    told = told_of({"orders_count_30d": 0.5, "orders_count_all": 0.4, "mean_gap_days": 0.1})
    assert told == [
        "32 orders in 30 days; most: 1",
        "usually 34 days between orders; most: 12",
        "33 orders so far; most: 1",
    ]


def test_a_model_of_one_feature_is_filled_up_with_plain_facts() -> None:
    told = told_of({"coupon_orders_share": 0.5}, {"coupon_orders_share": 0.25})
    assert told[0] == "a coupon in 25 % of orders; most: 100 %"
    assert told[1:] == [
        "no visit for 30 days; usually every 34",
        "33 orders so far; most: 1",
    ]


def test_the_own_usual_comes_before_that_of_most() -> None:
    told = told_of(
        {"days_since_last_visit": 1.0}, {"days_since_last_visit": 41, "mean_gap_days": 12}
    )
    assert told[0] == "no visit for 41 days; usually every 12"
    told = told_of(
        {"days_since_last_visit": 1.0}, {"days_since_last_visit": 41, "mean_gap_days": UNKNOWN}
    )
    assert told[0] == "no visit for 41 days; most: 1"


@pytest.mark.parametrize(
    ("name", "value", "own", "typical", "text"),
    [
        ("orders_count_30d", 3.0, UNKNOWN, 3.0, "3 orders in 30 days"),
        ("orders_count_30d", 0.0, UNKNOWN, 2.0, "no order in 30 days; most: 2"),
        ("orders_count_30d", UNKNOWN, UNKNOWN, 2.0, "no order yet"),
        ("orders_count_30d", 3.0, UNKNOWN, UNKNOWN, "3 orders in 30 days"),
        ("days_since_last_visit", 41.0, 41.2, 7.0, "no visit for 41 days; usually every 41.2"),
        ("days_since_last_visit", 41.0, 41.0, 7.0, "no visit for 41 days"),
        ("days_since_last_complaint", 9.0, UNKNOWN, UNKNOWN, "complaint 9 days ago; most: never"),
        ("coupon_orders_share", 0.251, UNKNOWN, 0.249, "a coupon in 25 % of orders"),
    ],
)
def test_a_comparison_is_made_where_it_says_something(
    name: str, value: float, own: float, typical: float, text: str
) -> None:
    assert compared(phrase(name), name, value, own, typical) == text


def test_what_is_typical_is_a_value_that_somebody_has_where_most_have_one() -> None:
    table = pd.DataFrame(
        {
            "even": [1.0, 2.0, 4.0, 9.0],
            "half": [5.0, np.nan, np.nan, 7.0],
            "few": [np.nan, np.nan, np.nan, 7.0],
        }
    )
    np.testing.assert_array_equal(typical_values(table, list(table)), [2.0, 5.0, np.nan])


def test_what_is_equal_for_everybody_is_nobodys_reason() -> None:
    told = told_of({"orders_count_all": 0.9}, dict(USUAL_ROW))
    assert told == [NO_FURTHER_REASON] * 3


def test_an_empty_population_has_no_reasons_and_no_error() -> None:
    nobody = pd.DataFrame(columns=NAMES, dtype=float)
    assert Teller.of(nobody, nobody).tell(nobody, nobody, np.array([], dtype=bool)).shape == (0, 3)


def protected_words() -> list[str]:
    with (SEEDS / "protected_traits.csv").open(encoding="utf-8") as lines:
        patterns = [row["pattern"] for row in csv.DictReader(lines)]
    return [
        re.sub(r"\\w[*+]|\(.*?\)|\w\?|[?\\]", "", pattern).strip() or "union"
        for pattern in patterns
    ]


def test_every_protected_word_is_found_whole_and_only_whole() -> None:
    words = protected_words()
    assert len(words) > 40
    for word in words:
        if re.fullmatch(r"[a-z ]+", word) and word not in (
            "trade",
            "bab",
            "trans",
            "years old",
            "blood",
        ):
            assert protected_trait(f"is_{word.replace(' ', '_')}_known"), word
    for text in (
        "average_order_amount",
        "message_opened",
        "page views",
        "sextant",
        "package",
        "managed",
    ):
        assert protected_trait(text) is None, text


def test_nothing_in_the_catalogue_of_features_speaks_of_a_protected_trait() -> None:
    texts = [
        cell
        for seed in ("feature_catalogue.csv", "feature_families.csv")
        for row in csv.reader((SEEDS / seed).open(encoding="utf-8"))
        for cell in row
    ]
    assert len(texts) > 100
    assert {text: trait for text in texts if (trait := protected_trait(text))} == {}


@pytest.mark.parametrize("where", ["name", "words"])
def test_a_feature_that_speaks_of_a_protected_trait_is_never_told(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "age_band_code" if where == "name" else "orders_count_30d"
    word = "code {value}" if where == "name" else "{value} orders of women"

    def spoken(feature: str) -> Phrase:
        return Phrase("who", word, word, word) if feature == name else phrase(feature)

    monkeypatch.setattr(reasons, "phrase_for", spoken)
    names = [name, "orders_count_all"]
    values = pd.DataFrame([[1.0, 2.0], [3.0, 5.0]], columns=names)
    push = pd.DataFrame([[9.0, 0.1], [0.0, 0.0]], columns=names)
    told = Teller.of(values, push).tell(push, values, np.array([True, True]))
    assert told.iloc[0].tolist()[0].startswith("2 orders so far")
    assert not told.stack().str.contains("women|code").any()


NUMBERS = st.sampled_from([UNKNOWN, 0.0, 1.0, 0.001, 0.5, 3.0, 365.0, 1e6])
PUSHES = st.sampled_from([0.0, 0.02, 0.3, -0.02, -0.3, 1.0])


@st.composite
def populations(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Values, contributions and directions of a few customers."""
    rows = draw(st.integers(1, 6))

    def table(cell: st.SearchStrategy[float]) -> pd.DataFrame:
        row = st.lists(cell, min_size=len(NAMES), max_size=len(NAMES))
        return pd.DataFrame(draw(st.lists(row, min_size=rows, max_size=rows)), columns=NAMES)

    likely = draw(st.lists(st.booleans(), min_size=rows, max_size=rows))
    return table(NUMBERS), table(PUSHES), np.array(likely)


def features_of(reason: str, row: pd.Series, teller: Teller) -> set[str]:
    """The features that a reason may be about: those whose telling it is."""
    said = reason.removeprefix(BUT)
    found = set()
    for number, name in enumerate(teller.names):
        own = row[USUAL[name]] if name in USUAL else UNKNOWN
        if said == compared(phrase(name), name, row[name], own, float(teller.typical[number])):
            found.add(name)
    return found


@settings(max_examples=150)
@given(populations())
def test_reasons_keep_their_promises(drawn: tuple[pd.DataFrame, pd.DataFrame, Any]) -> None:
    values, push, likely = drawn
    teller = Teller.of(values, push)
    told = teller.tell(push, values, likely)
    beyond = push[list(teller.names)] - teller.usual_push
    for row in range(len(values)):
        direction = 1 if likely[row] else -1
        given_reasons = [reason for reason in told.iloc[row] if reason != NO_FURTHER_REASON]
        # What was told says everything once, the lack of more last.
        assert told.iloc[row].tolist()[: len(given_reasons)] == given_reasons
        assert len({reason.removeprefix(BUT) for reason in given_reasons}) == len(given_reasons)
        by_family = (beyond.loc[row] * direction).groupby(FAMILY).sum()
        pushing = {family for family, sum_ in by_family.items() if sum_ > 1e-6}
        families = []
        for reason in given_reasons:
            about = features_of(reason, values.loc[row], teller)
            assert about, reason
            if reason.startswith(BUT):
                assert reason == given_reasons[-1]
                assert any(by_family[FAMILY[name]] <= 1e-6 - LEAST_COUNTER_PUSH for name in about)
                assert any(beyond.loc[row, name] * direction < 0 for name in about)
            families.append({FAMILY[name] for name in about})
        if len(given_reasons) == 3 and all(len(family) == 1 for family in families):
            distinct = set.union(*families)
            assert len(distinct) == 3 or len(pushing) < 3
        # Whoever has a push in the direction that can be told is told one first.
        if pushing and not (len(given_reasons) == 1 and given_reasons[0].startswith(BUT)):
            assert any(
                FAMILY[name] in pushing
                for name in features_of(given_reasons[0], values.loc[row], teller)
            )


@settings(max_examples=60)
@given(populations(), st.randoms(use_true_random=False), st.integers(1, 3))
def test_equal_rows_have_equal_reasons_in_any_order_and_any_batch(
    drawn: tuple[pd.DataFrame, pd.DataFrame, Any], random: Any, size: int
) -> None:
    values, push, likely = drawn
    teller = Teller.of(values, push)
    told = teller.tell(push, values, likely)
    order = random.sample(range(len(values)), len(values))
    for start in range(0, len(order), size):
        part = order[start : start + size]
        again = teller.tell(push.iloc[part], values.iloc[part], likely[part])
        pd.testing.assert_frame_equal(again, told.iloc[part])


@settings(max_examples=100)
@given(populations())
def test_every_number_told_stands_in_the_row_or_is_typical(
    drawn: tuple[pd.DataFrame, pd.DataFrame, Any],
) -> None:
    values, push, likely = drawn
    teller = Teller.of(values, push)
    told = teller.tell(push, values, likely)
    typical = [plain(float(value)) for value in teller.typical if not np.isnan(value)]
    shares = [f"{float(value):.0%}" for value in [*teller.typical, 0.5, 0.001] if value == value]
    for row in range(len(values)):
        own = [plain(value) for value in values.loc[row] if not np.isnan(value)]
        own += [f"{value:.0%}" for value in values.loc[row] if not np.isnan(value)]
        for reason in told.iloc[row]:
            without_window = reason.replace("in 30 days", "").replace("less than 1 %", "")
            numbers = re.findall(r"[\d,.]+\d|\d", without_window.replace(" %", "%"))
            assert {number.rstrip("%") for number in numbers} <= {
                number.rstrip("%") for number in [*own, *typical, *shares]
            }, reason
