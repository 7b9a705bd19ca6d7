"""Models survive their files unchanged, and their terms add up."""

import json

import numpy as np
import pytest

from ml.learn.models.blend import Blend
from ml.learn.models.extended import ExtendedModel
from ml.learn.models.lifetime_model import LifetimeInputs, LifetimeModel
from ml.learn.models.lifetimes import BgNbd, ParetoNbd
from ml.learn.models.linear import RegularisedLogistic, SimpleRule, sigmoid
from ml.learn.models.parts import model_from_parts
from ml.learn.models.scaling import Scaler, signed_log
from ml.learn.models.trees import BoostedTrees, TreeRows

SEED = 11


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(SEED)
    values = random.lognormal(size=(3000, 5)).astype(np.float32)
    values[random.random(3000) < 0.3, 1] = np.nan
    values[:, 3] = 7.0
    values[0, 0], values[1, 0], values[:, 4] = np.inf, -np.inf, np.nan
    logit = np.nan_to_num(np.log1p(np.abs(np.where(np.isinf(values[:, 0]), 1, values[:, 0]))))
    outcome = (random.random(3000) < sigmoid(logit - 0.5)).astype(np.float64)
    return values, outcome, np.ones(3000)


def fit_all(values, outcome, weights):
    (logistic,) = RegularisedLogistic.fit_path(values, outcome, weights, [0.01])
    plain = TreeRows(values, outcome, weights, None, 1.0)
    on_top = TreeRows(values, outcome, weights, logistic.logit(values), 1.0)
    trees = BoostedTrees.fit(plain, 30, SEED, 1)
    curve = BgNbd((0.4, 30.0, 0.8, 2.5))
    inputs = LifetimeInputs((0, 2, 1), curve, 30)
    extended = TreeRows(inputs.extend(values), outcome, weights, None, 1.0)
    (line,) = RegularisedLogistic.fit_path(extended.values, outcome, weights, [0.01])
    tall = BoostedTrees.fit(extended, 30, SEED, 1)
    return [
        SimpleRule.fit(values, outcome, weights, 0),
        SimpleRule.fit(values, outcome, weights, 1),
        logistic,
        trees,
        Blend(logistic, trees),
        LifetimeModel((0, 2, 1), 5, curve, 30, True, (2.0, 60.0, 20.0), 0.2, 0.8),
        LifetimeModel(
            (0, 2, 1), 5, ParetoNbd((0.5, 60.0, 0.6, 80.0)), 90, False, (2.0, 60.0, 20.0)
        ),
        ExtendedModel(inputs, line),
        ExtendedModel(inputs, Blend(line, tall)),
        BoostedTrees.fit(on_top, 30, SEED, 1, logistic),
    ]


def test_round_trip_through_json_is_exact(rows):
    values = rows[0]
    for model in fit_all(*rows):
        plain, text = model.to_parts()
        back = model_from_parts(model.kind, json.loads(json.dumps(plain, allow_nan=False)), text)
        assert np.array_equal(back.predict(values), model.predict(values)), model.kind
        assert np.array_equal(back.contributions(values), model.contributions(values)), model.kind


def test_terms_sum_to_the_log_odds_and_rows_stand_alone(rows):
    values = rows[0]
    for model in fit_all(*rows):
        terms = model.contributions(values)
        assert terms.shape == (3000, 6)
        assert np.allclose(terms.sum(axis=1), model.logit(values), atol=1e-9), model.kind
        assert np.isfinite(model.predict(values)).all()
        assert np.array_equal(model.predict(values[5:9]), model.predict(values)[5:9]), model.kind
        assert not terms[:, 3].any(), "a constant column says nothing"


def test_fits_repeat_bit_for_bit(rows):
    for one, other in zip(fit_all(*rows), fit_all(*rows), strict=True):
        assert one.to_parts() == other.to_parts()


def test_a_rule_keeps_the_order_of_its_column(rows):
    values, outcome, weights = rows
    rule = SimpleRule.fit(values, outcome, weights, 0)
    inner = np.isfinite(values[:, 0])
    order = np.argsort(values[inner, 0])
    assert (np.diff(rule.predict(values[inner])[order]) >= 0).all()


def test_a_rule_gives_missing_values_their_own_rate(rows):
    values, _, weights = rows
    missing = np.isnan(values[:, 1])
    outcome = np.where(missing, 0.9, 0.2) > np.random.default_rng(SEED).random(3000)
    rule = SimpleRule.fit(values, outcome.astype(np.float64), weights, 1)
    assert rule.predict(values)[missing].mean() == pytest.approx(outcome[missing].mean(), abs=0.01)


def test_path_logits_are_the_models_own(rows):
    values, outcome, weights = rows
    path = RegularisedLogistic.fit_path(values, outcome, weights, [0.1, 0.001])
    together = RegularisedLogistic.path_logits(path, values)
    for model, logit in zip(path, together, strict=True):
        assert np.allclose(model.logit(values), logit)
    assert np.abs(path[0].slopes).sum() < np.abs(path[1].slopes).sum()


def test_ridge_solution_has_no_slope_left(rows):
    """At the optimum the gradient of the objective, written out here by hand, is zero."""
    values, outcome, weights = rows
    ridge = 0.02
    (model,) = RegularisedLogistic.fit_path(values, outcome, weights, [ridge])
    standard, missing = model.scaler.transform(values)
    error = model.predict(values) - outcome
    assert abs(error.mean()) < 1e-5
    assert np.abs(standard.T @ error / 3000 + ridge * model.slopes).max() < 1e-5
    assert np.abs(missing.T @ error / 3000 + ridge * model.missing_slopes).max() < 1e-5


def test_scaler_copes_with_anything():
    odd = np.array([[np.inf, 1e30, np.nan], [-np.inf, -1e30, np.nan], [0.0, 0.0, 5.0]])
    scaler = Scaler.fit(odd)
    standard, missing = scaler.transform(odd)
    assert np.isfinite(standard).all()
    assert missing[:, 0].tolist() == [1.0, 1.0, 0.0]
    assert signed_log(np.array([-np.e + 1]))[0] == pytest.approx(-1.0)


def test_a_value_first_missing_when_scoring_counts_as_usual(rows):
    values, outcome, weights = rows
    known = values[2:, :1]
    (model,) = RegularisedLogistic.fit_path(known, outcome[2:], weights[2:], [0.01])
    assert model.contributions(np.array([[np.nan]]))[0].tolist() == [0.0, model.intercept]


def test_no_usable_feature_leaves_the_base_rate():
    outcome = np.array([1.0, 0.0, 0.0, 0.0] * 50)
    (model,) = RegularisedLogistic.fit_path(np.full((200, 2), 3.0), outcome, np.ones(200), [0.1])
    assert model.predict(np.array([[3.0, 9.0]]))[0] == pytest.approx(0.25, abs=1e-4)


def test_unknown_kinds_and_lost_text_are_refused():
    with pytest.raises(ValueError, match="found 'oracle'"):
        model_from_parts("oracle", {}, None)
    with pytest.raises(ValueError, match="text is missing"):
        model_from_parts("trees", {"base": None}, None)


def test_threads_leave_no_trace(rows):
    values, outcome, weights = rows
    plain = TreeRows(values, outcome, weights, None, 1.0)
    assert BoostedTrees.fit(plain, 20, SEED, 1) == BoostedTrees.fit(plain, 20, SEED, 2)
