"""Buy-till-you-die models against the literature, against simulation, and against their own sense."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as some
from scipy.special import hyp2f1

from ml.learn.models.lifetime_model import LifetimeInputs, LifetimeModel
from ml.learn.models.lifetimes import BgNbd, Histories, ParetoNbd, fit_curve

SHARED = Path(os.environ.get("KITH_SHARED_DATA", Path(__file__).parents[2] / "../shared/data"))

# Published for the 2,357 customers and 39 weeks of the CDNOW sample, times here in days.
BG_NBD = BgNbd((0.243, 4.414 * 7, 0.793, 2.426))
PARETO_NBD = ParetoNbd((0.553, 10.578 * 7, 0.606, 11.669 * 7))
PUBLISHED = [BG_NBD, PARETO_NBD]
BY_KIND = {"argvalues": PUBLISHED, "ids": [curve.kind for curve in PUBLISHED]}

DAY_COUNTS = st.floats(0, 2000)


@st.composite
def histories(draw):
    ages = draw(some.arrays(float, 20, elements=DAY_COUNTS))
    repeats = np.floor(draw(some.arrays(float, 20, elements=st.floats(0, 80))))
    share = draw(some.arrays(float, 20, elements=st.floats(0, 1)))
    return Histories(repeats, np.where(repeats > 0, share * ages, 0.0), ages)


def curves():
    positive = st.floats(0.1, 5.0)
    times = st.floats(3.0, 500.0)
    bg = st.tuples(positive, times, positive, positive).map(BgNbd)
    return st.one_of(bg, st.tuples(positive, times, positive, times).map(ParetoNbd))


@pytest.fixture(scope="module")
def cdnow():
    path = SHARED / "cdnow" / "cdnow_sample.csv"
    if not path.exists():
        pytest.skip(f"the CDNOW sample is not at {path} (KITH_SHARED_DATA)")
    orders = pd.read_csv(path, parse_dates=["Date"])
    end = pd.Timestamp("1997-09-30")
    days = orders[orders["Date"] <= end].drop_duplicates(["Id", "Date"]).groupby("Id")["Date"]
    columns = np.column_stack(
        [days.count(), (end - days.min()).dt.days, (end - days.max()).dt.days]
    )
    return Histories.of(columns)


@pytest.mark.parametrize("published", **BY_KIND)
def test_cdnow_gives_the_published_estimates(cdnow, published):
    assert len(cdnow.age) == 2357
    fitted, likelihood = fit_curve(published.kind, cdnow)
    theirs = published.log_likelihood(cdnow)[0].sum()
    # Nobody can do better than the published optimum but by its rounding and the prior.
    assert likelihood * 2357 == pytest.approx(theirs, abs=0.1)
    ratio = np.array(fitted.parameters) / np.array(published.parameters)
    assert np.abs(np.log(ratio)).max() < 0.1
    for ask in ("alive", "any_order", "expected_orders"):
        days = () if ask == "alive" else (90.0,)
        ours, known = (getattr(curve, ask)(cdnow, *days) for curve in (fitted, published))
        assert np.abs(ours - known).mean() < 0.02


def test_the_published_likelihoods_are_met(cdnow):
    # -9582.4 and -9595.0 in the papers, in weeks: a density per day is a seventh, once per repeat.
    weeks = cdnow.repeats.sum() * np.log(7)
    assert BG_NBD.log_likelihood(cdnow)[0].sum() + weeks == pytest.approx(-9582.4, abs=0.3)
    assert PARETO_NBD.log_likelihood(cdnow)[0].sum() + weeks == pytest.approx(-9595.0, abs=0.3)


@settings(max_examples=40)
@given(curves(), histories())
def test_the_gradient_is_that_of_the_likelihood(curve, seen):
    logs = np.log(curve.parameters)
    _, by = curve.log_likelihood(seen)
    for number in range(4):
        step = np.zeros(4)
        step[number] = 1e-5
        up, down = (type(curve)(tuple(np.exp(logs + s * step))) for s in (1, -1))
        slope = (up.log_likelihood(seen)[0] - down.log_likelihood(seen)[0]) / 2e-5
        assert np.allclose(by[number], slope, rtol=1e-3, atol=1e-3)


@settings(max_examples=40)
@given(curves(), histories(), st.integers(1, 400))
def test_what_is_said_makes_sense(curve, seen, days):
    alive, soon = curve.alive(seen), curve.any_order(seen, days)
    later, orders = curve.any_order(seen, 2 * days), curve.expected_orders(seen, days)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (soon <= later + 1e-9).all()
    assert (later <= alive + 1e-9).all()
    assert (orders >= soon - 1e-6).all(), "an order is expected at least as often as one comes"


@settings(max_examples=40)
@given(curves(), st.integers(1, 40), st.floats(30, 1000))
def test_longer_silence_never_makes_an_order_likelier(curve, repeats, age):
    last = np.linspace(age, 0, 15)
    seen = Histories(np.full(15, float(repeats)), last, np.full(15, age))
    assert (np.diff(curve.alive(seen)) <= 1e-9).all()
    assert (np.diff(curve.any_order(seen, 30)) <= 1e-9).all()


@settings(max_examples=40)
@given(
    st.tuples(st.floats(0.2, 3), st.floats(20, 400), st.floats(0.2, 3), st.floats(20, 400)),
    st.integers(0, 60),
    st.floats(1, 1000),
    st.floats(0, 1),
)
def test_the_integral_of_pareto_nbd_is_its_closed_form(parameters, repeats, age, share):
    """Schmittlein, Morrison and Colombo's hypergeometric P(alive), as in Fader and Hardie's note."""
    r, alpha, s, beta = parameters
    last = share * age if repeats else 0.0
    seen = Histories(np.array([float(repeats)]), np.array([last]), np.array([age]))
    greater, other = max(alpha, beta), s + 1 if alpha >= beta else r + repeats
    shape = r + s + repeats

    def part(moment):
        series = hyp2f1(shape, other, shape + 1, abs(alpha - beta) / (greater + moment))
        return np.log(series) - shape * np.log(greater + moment)

    scale = (r + repeats) * np.log(alpha + age) + s * np.log(beta + age)
    gone = s / shape * (np.exp(part(last) + scale) - np.exp(part(age) + scale))
    assert ParetoNbd(parameters).alive(seen)[0] == pytest.approx(1 / (1 + gone), abs=1e-6)


def simulate(curve, customers, age, days, seed):
    """Buy at random at a rate of one's own until one stops: histories, and orders in the next days."""
    random = np.random.default_rng(seed)
    r, alpha, third, fourth = curve.parameters
    rate = random.gamma(r, 1 / alpha, customers)
    ages = random.uniform(0.3, 1.0, customers) * age
    leaving = isinstance(curve, BgNbd)
    chance = random.beta(third, fourth, customers) if leaving else np.zeros(customers)
    stop = (
        np.full(customers, np.inf)
        if leaving
        else random.exponential(1 / random.gamma(third, 1 / fourth, customers))
    )
    repeats, last, after = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    now, here = np.zeros(customers), np.ones(customers, dtype=bool)
    while here.any():
        now = now + random.exponential(1 / rate)
        here &= (now < stop) & (now < ages + days)
        past = here & (now < ages)
        repeats, last = repeats + past, np.where(past, now, last)
        after += here & ~past
        here &= random.random(customers) >= chance
    return Histories(repeats, last, ages), after


@pytest.mark.parametrize(
    "curve",
    [BgNbd((0.8, 25.0, 0.9, 2.5)), ParetoNbd((0.9, 30.0, 0.8, 120.0))],
    ids=["bg_nbd", "pareto_nbd"],
)
def test_planted_parameters_are_recovered_and_forecasts_come_true(curve):
    seen, after = simulate(curve, 20_000, 500.0, 60.0, seed=3)
    fitted, _ = fit_curve(curve.kind, seen)
    assert np.abs(np.log(np.array(fitted.parameters) / np.array(curve.parameters))).max() < 0.25
    planted, found = curve.any_order(seen, 60.0), fitted.any_order(seen, 60.0)
    assert np.abs(planted - found).mean() < 0.01
    for low in (0.0, 0.2, 0.5):
        chosen = (found >= low) & (found < low + 0.3)
        assert (after[chosen] > 0).mean() == pytest.approx(found[chosen].mean(), abs=0.02)
    assert fitted.expected_orders(seen, 60.0).mean() == pytest.approx(after.mean(), rel=0.05)


@settings(max_examples=25)
@given(histories(), st.sampled_from(["bg_nbd", "pareto_nbd"]), st.integers(1, 20))
def test_tiny_data_stay_finite(seen, kind, customers):
    few = Histories(seen.repeats[:customers], seen.last[:customers], seen.age[:customers])
    curve, likelihood = fit_curve(kind, few)
    assert np.isfinite([*curve.parameters, likelihood]).all()
    assert np.isfinite(curve.any_order(few, 30)).all()


def test_no_history_is_refused():
    with pytest.raises(ValueError, match="at least one history"):
        fit_curve("bg_nbd", Histories(*np.zeros((3, 0))))


@pytest.mark.parametrize("curve", **BY_KIND)
def test_terms_are_the_three_columns_and_add_up(curve):
    random = np.random.default_rng(5)
    values = np.column_stack([random.normal(size=300), random.integers(1, 12, 300)])
    values = np.column_stack([values, random.uniform(100, 700, 300), random.uniform(0, 100, 300)])
    values[:20, 2] = np.nan
    for of_leaving in (False, True):
        model = LifetimeModel((1, 2, 3), 4, curve, 30, of_leaving, (2.0, 300.0, 40.0), 0.3, 0.9)
        terms = model.contributions(values)
        assert np.allclose(terms.sum(axis=1), model.logit(values), atol=1e-9)
        assert not terms[:, 0].any()
        assert not terms[:20, 2].any(), "a missing value stands at the usual one and adds nothing"
        silence = np.corrcoef(values[:, 3], terms[:, 3])[0, 1]
        assert silence > 0.3 if of_leaving else silence < -0.3


def test_derived_columns_are_credited_to_recency_and_frequency():
    inputs = LifetimeInputs((0, 2, 1), BG_NBD, 30)
    values = np.array([[3, 10, 300], [np.nan, 10, 300]], dtype=np.float32)
    extended = inputs.extend(values)
    assert extended.shape == (2, 6)
    assert np.isfinite(extended[0]).all()
    assert np.isnan(extended[1, 3:]).all()
    terms = np.array([[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]])
    assert inputs.credit(terms).tolist() == [[1.0 + 32.0, 2.0 + 8.0 + 16.0, 4.0, 64.0]]
    assert LifetimeInputs.from_dict(inputs.to_dict()) == inputs
