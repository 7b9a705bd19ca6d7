"""The tests of the coin, the four segments and the deciles."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.activate.uplift.randomisation import randomisation_test, share_p_value
from ml.activate.uplift.segments import deciles_of, segments_of
from ml.serve.digits import nine_digits

ends = st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.floats(0, 1))


@given(st.lists(ends, min_size=1, max_size=30), st.floats(0.001, 0.05))
@settings(max_examples=200)
def test_the_interval_and_nothing_else_decides_the_segment(
    rows: list[tuple[float, float, float]], least: float
) -> None:
    table = pd.DataFrame(
        [(min(a, b), max(a, b), without) for a, b, without in rows],
        columns=["effect_low", "effect_high", "without"],
    )
    for row, found in zip(table.to_dict("records"), segments_of(table, 1, least), strict=True):
        if found == "persuadable":
            assert row["effect_low"] > 0
        elif found == "sleeping_dog":
            assert row["effect_high"] < 0
        else:
            assert row["effect_low"] <= 0 <= row["effect_high"]
            small = -least <= row["effect_low"] and row["effect_high"] <= least
            assert small == (found != "unclear")
            if small:
                assert (row["without"] >= 0.5) == (found == "sure_thing")
    turned = table.assign(
        effect_low=-table["effect_high"],
        effect_high=-table["effect_low"],
        without=1 - table["without"],
    )
    clear = table["without"] != 1 - table["without"]
    one, two = segments_of(table, 1, least), segments_of(turned, -1, least)
    exact = clear & (1 - (1 - table["without"]) == table["without"])
    assert (one[exact] == two[exact]).all()


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=60))
@settings(max_examples=100)
def test_deciles_are_even_ordered_and_do_not_depend_on_the_order_of_rows(values: list[int]) -> None:
    benefit = np.array(values, dtype=float)
    ids = pd.Series([f"c{number:03d}" for number in range(len(values))])
    decile = deciles_of(benefit, ids)
    sizes = np.bincount(decile, minlength=11)[1:]
    assert sizes.max() - sizes.min() <= 1
    for one in range(len(values)):
        assert (benefit[decile < decile[one]] >= benefit[one]).all()
    turned = deciles_of(benefit[::-1], ids[::-1])
    np.testing.assert_array_equal(turned[::-1], decile)


@given(
    st.lists(
        st.floats(-1e6, 1e6).filter(lambda number: number == 0 or abs(number) > 1e-12), min_size=1
    )
)
@settings(max_examples=200)
def test_nine_significant_digits_stay(numbers: list[float]) -> None:
    found = nine_digits(np.array([*numbers, np.nan]))
    assert np.isnan(found[-1])
    for number, rounded in zip(numbers, found, strict=False):
        assert abs(rounded - number) <= abs(number) * 5.1e-9


def drawn(people: int, seed: int, share: float = 0.5) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    ids = [f"c{number:05d}" for number in range(people)]
    return pd.DataFrame(
        {
            "campaign": np.where(random.random(people) < 0.5, "a", "b"), "person": ids, "customer_id": ids,
            "is_treated": random.random(people) < share, "treated_share": share, "is_redrawn": True,
            "x": random.normal(size=people), "z": random.gamma(1.0, 1.0, people),
        }
    )  # fmt: skip


def test_a_true_coin_passes() -> None:
    found = [
        randomisation_test(contacts := drawn(1_500, seed), contacts, ["x", "z"], 1).reason
        for seed in range(60)
    ]
    assert sum(reason is not None for reason in found) <= 1


def test_a_share_that_is_not_the_declared_one_is_seen_also_in_one_campaign() -> None:
    contacts = drawn(4_000, 1)
    one = contacts[
        ~((contacts["campaign"] == "a") & contacts["is_treated"] & (np.arange(4_000) % 4 == 0))
    ]
    assert randomisation_test(one, one, ["x"], 1).reason == "share_mismatch"
    unknown = one.assign(treated_share=np.nan)
    found = randomisation_test(unknown, unknown, ["x"], 1)
    assert found.reason is None
    assert np.isnan(found.share_p_value)


def test_groups_that_differed_before_are_seen() -> None:
    contacts = drawn(3_000, 2)
    swapped = contacts.assign(
        is_treated=contacts["is_treated"] ^ ((contacts["x"] > 1) & ~contacts["is_treated"])
    )
    balanced = swapped.assign(treated_share=np.nan)
    assert randomisation_test(balanced, balanced, ["x", "z"], 1).reason == "groups_differ"


def test_a_draw_that_stands_counts_once_however_often_the_list_goes_out() -> None:
    once = drawn(400, 3, share=0.9).assign(is_redrawn=False)
    often = pd.concat([once.assign(campaign=f"q{number}") for number in range(30)])
    one, many = (randomisation_test(frame, frame, ["x"], 1) for frame in (once, often))
    assert one.share_p_value == many.share_p_value


def test_p_values_of_a_true_coin_are_even() -> None:
    random = np.random.default_rng(4)
    share = np.full(900, 0.3)
    found = [share_p_value((random.random(900) < 0.3).astype(float), share) for _ in range(800)]
    assert 0.03 <= np.mean(np.array(found) < 0.05) <= 0.07
