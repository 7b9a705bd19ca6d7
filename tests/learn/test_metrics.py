"""Metrics agree with slow, plain second implementations and ignore the order of rows."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.learn.judging import metrics

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda k: k / 20)), min_size=2, max_size=60
)


def both(rows):
    return [y for y, _ in rows], [p for _, p in rows]


def plain_auc(y, p):
    pairs = [
        (a, b) for a, ya in zip(p, y, strict=True) for b, yb in zip(p, y, strict=True) if ya > yb
    ]
    return sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)


def plain_average_precision(y, p):
    total, found, seen = 0.0, 0, 0
    for value in sorted(set(p), reverse=True):
        here = [yy for yy, pp in zip(y, p, strict=True) if pp == value]
        seen, found = seen + len(here), found + sum(here)
        total += sum(here) * found / seen
    return total / sum(y)


def plain_log_loss(y, p):
    kept = [min(max(q, 1e-6), 1 - 1e-6) for q in p]
    return -sum(
        math.log(q) if yy else math.log(1 - q) for yy, q in zip(y, kept, strict=True)
    ) / len(y)


def plain_ece(y, p, bins):
    members = {}
    for yy, q in zip(y, p, strict=True):
        members.setdefault(sum(other < q for other in p) * bins // len(p), []).append((yy, q))
    gaps = [abs(sum(yy - q for yy, q in rows)) for rows in members.values()]
    return sum(gaps) / len(p)


def plain_top_lift(y, p):
    """Average over many random orders of the ties."""
    size = -(-len(y) // 10)
    shuffler = random.Random(0)
    found = 0.0
    for _ in range(3000):
        rows = list(zip(p, y, strict=True))
        shuffler.shuffle(rows)
        rows.sort(key=lambda row: -row[0])
        found += sum(yy for _, yy in rows[:size]) / size
    return found / 3000 / (sum(y) / len(y))


@given(ROWS)
def test_single_figures_agree_with_plain_python(rows):
    y, p = both(rows)
    assert metrics.log_loss(y, p) == pytest.approx(plain_log_loss(y, p))
    assert metrics.brier(y, p) == pytest.approx(
        sum((a - b) ** 2 for a, b in zip(y, p, strict=True)) / len(y)
    )
    for bins in (2, 10):
        assert metrics.expected_calibration_error(y, p, bins) == pytest.approx(
            plain_ece(y, p, bins)
        )
    if 0 < sum(y) < len(y):
        assert metrics.auc(y, p) == pytest.approx(plain_auc(y, p))
    else:
        assert math.isnan(metrics.auc(y, p))
    if sum(y):
        assert metrics.average_precision(y, p) == pytest.approx(plain_average_precision(y, p))
    else:
        assert math.isnan(metrics.average_precision(y, p))


@given(ROWS, st.randoms(use_true_random=False))
def test_no_figure_depends_on_the_order_of_rows(rows, shuffler):
    mixed = list(rows)
    shuffler.shuffle(mixed)
    one, other = metrics.summary(*both(rows)), metrics.summary(*both(mixed))
    assert one == pytest.approx(other, nan_ok=True)
    for table in (metrics.calibration_table, metrics.lift_table):
        np.testing.assert_allclose(table(*both(rows)), table(*both(mixed)))


def test_lift_shares_ties_fairly():
    shuffler = random.Random(1)
    y = [int(shuffler.random() < 0.3) for _ in range(95)]
    p = [shuffler.choice([0.1, 0.2, 0.9]) for _ in range(95)]
    assert metrics.lift_top_decile(y, p) == pytest.approx(plain_top_lift(y, p), abs=0.02)


def test_lift_table_adds_up():
    shuffler = random.Random(2)
    p = [shuffler.random() for _ in range(1003)]
    y = [int(shuffler.random() < q) for q in p]
    table = metrics.lift_table(y, p)
    assert list(table["decile"]) == list(range(1, 11))
    assert table["rows"].sum() == 1003
    assert (table["rows"] * table["observed_rate"]).sum() == pytest.approx(sum(y))
    assert table["cumulative_gain"].iloc[-1] == pytest.approx(1.0)
    assert table["mean_prediction"].is_monotonic_decreasing


def test_calibration_table_holds_every_row_once():
    p = [0.0] * 50 + [0.5] * 25 + [0.75] * 25
    y = [0] * 50 + [1, 0] * 12 + [1] + [1] * 25
    table = metrics.calibration_table(y, p)
    assert list(table["rows"]) == [50, 25, 25]
    assert list(table["bin"]) == [1, 2, 3]
    assert list(table["mean_prediction"]) == [0.0, 0.5, 0.75]
    assert table["observed_rate"].tolist() == pytest.approx([0.0, 13 / 25, 1.0])


def test_bootstrap_draws_customers_not_rows():
    shuffler = np.random.default_rng(3)
    effect = np.repeat(shuffler.normal(0.1, 1.0, 60), 20)
    groups = np.repeat([f"c{k}" for k in range(60)], 20)
    mean, bound = metrics.paired_bootstrap(effect, np.zeros(1200), groups, seed=0)
    assert mean == pytest.approx(effect.mean())
    # One-sided 80 % of a normal mean of 60 independent customers: 0.842 standard errors below.
    error = np.unique(effect).std() / math.sqrt(60)
    assert bound == pytest.approx(mean - 0.842 * error, abs=0.15 * error)
    by_row = metrics.paired_bootstrap(effect, np.zeros(1200), np.arange(1200), seed=0)[1]
    assert mean - by_row < (mean - bound) / 3


def test_bootstrap_is_reproducible_and_blind_to_order():
    shuffler = np.random.default_rng(4)
    a, b, groups = shuffler.random(300), shuffler.random(300), shuffler.integers(0, 40, 300)
    order = shuffler.permutation(300)
    first = metrics.paired_bootstrap(a, b, groups, seed=7)
    assert metrics.paired_bootstrap(a[order], b[order], groups[order], seed=7) == first
    assert metrics.paired_bootstrap(a, b, groups, seed=8)[1] != first[1]
    higher = metrics.paired_bootstrap(a, b, groups, seed=7, level=0.95)
    assert higher[1] < first[1]


def test_bootstrap_refuses_nothing():
    with pytest.raises(ValueError, match="found none"):
        metrics.paired_bootstrap([], [], [], seed=0)
