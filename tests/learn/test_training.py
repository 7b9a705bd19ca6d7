"""Training recovers planted truth, stays honest about it, and repeats itself."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from ml.learn.judging import metrics
from ml.learn.models.bundle import ModelBundle
from ml.learn.training.crossfit import Table, make_splits
from ml.learn.training.result import grade_of
from ml.learn.training.train import compare, train
from tests.learn.worlds import HORIZON, make_world

RULES = ["visits_count_30d", "complaints_count_30d"]


def train_on(features, labels, names, **options):
    fixed = {"target": "next_purchase", "horizon_days": HORIZON, "threads": 1}
    return train(features, names, labels, **({"rule_columns": RULES} | fixed | options))


@pytest.fixture(scope="module")
def logistic():
    world = make_world("logistic")
    features, labels = world.until(8)
    return world, train_on(features, labels, world.names)


def last_cutoff(world):
    day = world.labels["as_of_date"].max()
    here = (world.labels["as_of_date"] == day).to_numpy()
    return world.features[here], world.labels["label"][here].to_numpy(), world.truth[here]


def test_planted_truth_is_recovered(logistic):
    world, result = logistic
    features, outcome, truth = last_cutoff(world)
    predicted = result.bundle.predict(features)
    assert result.status == "trained"
    assert result.served in ("logistic", "trees_on_logistic")
    assert result.grade == "A"
    assert result.out_of_time
    assert metrics.auc(outcome, predicted) > metrics.auc(outcome, truth) - 0.01
    assert np.abs(predicted - truth).mean() < 0.03
    assert abs(predicted.mean() - truth.mean()) < 0.02


def test_what_the_result_says_holds_together(logistic):
    world, result = logistic
    days = sorted({stamp.date() for stamp in world.labels["as_of_date"]})[:8]
    assert result.cutoffs == tuple(days)
    assert result.trained_until == days[-1] + timedelta(days=HORIZON)
    oof = result.oof
    assert not oof.duplicated(["customer_id", "as_of_date"]).any()
    contenders = {
        "rule:visits_count_30d",
        "rule:complaints_count_30d",
        "logistic",
        "trees",
        "trees_on_logistic",
        "blend",
        "served",
    }
    assert set(result.metrics) == contenders
    for name in contenders:
        assert result.metrics[name]["log_loss"] == pytest.approx(
            metrics.log_loss(oof["label"], oof[name])
        )
    truth = world.labels.assign(truth=world.truth).merge(oof, on=["customer_id", "as_of_date"])
    assert len(truth) == len(oof)
    assert (truth["label_x"] == truth["label_y"]).all()
    assert result.best_rule == "rule:visits_count_30d"
    loss = {n: result.metrics[n]["log_loss"] for n in ("served", result.best_rule)}
    assert result.gain == pytest.approx(1 - loss["served"] / loss[result.best_rule])
    assert 0 < result.gain_lower < result.gain
    assert set(result.backtest["contender"]) == {"served", result.best_rule}
    assert result.backtest["rows"].sum() == 2 * len(oof)
    latest = world.labels[world.labels["as_of_date"] == pd.Timestamp(days[-1])]
    assert result.base_rate == pytest.approx(latest["label"].mean())
    assert result.rule_bundle.kind == "rule"
    assert result.rule_bundle.grade == "D"


def test_trees_find_what_no_line_can():
    world = make_world("bent")
    result = train_on(*world.until(8), world.names)
    assert result.served in ("trees", "trees_on_logistic")
    features, outcome, truth = last_cutoff(world)
    predicted = result.bundle.predict(features)
    assert metrics.auc(outcome, predicted) > metrics.auc(outcome, truth) - 0.03
    logistic = result.metrics["logistic"]["auc"]
    assert result.metrics["served"]["auc"] > logistic + 0.1


def test_the_rule_serves_when_one_column_decides():
    world = make_world("rule", noise_columns=12)
    result = train_on(*world.until(8), world.names)
    assert result.served == result.best_rule == "rule:visits_count_30d"
    assert result.grade == "D"
    assert result.gain == 0
    assert result.bundle == result.rule_bundle
    features, _, truth = last_cutoff(world)
    assert np.abs(result.bundle.predict(features) - truth).mean() < 0.02


def test_a_coin_earns_no_good_grade():
    world = make_world("nothing", customers=800)
    result = train_on(*world.until(8), world.names)
    assert result.grade in ("C", "D")
    features, _, _ = last_cutoff(world)
    assert result.bundle.predict(features).std() < 0.03


def test_shuffled_rows_and_columns_give_the_same_bytes(logistic):
    world, result = logistic
    features, labels = world.until(8)
    columns = list(np.random.default_rng(1).permutation(features.columns))
    again = train_on(
        features.sample(frac=1, random_state=2)[columns],
        labels.sample(frac=1, random_state=3),
        world.names,
    )
    assert again.bundle.to_files() == result.bundle.to_files()
    assert again.bundle.version == result.bundle.version == result.bundle.sha256[:12]
    pd.testing.assert_frame_equal(again.oof, result.oof)


def test_a_changed_label_changes_the_version(logistic):
    world, result = logistic
    features, labels = world.until(8)
    flipped = labels.copy()
    flipped.loc[labels.index[0], "label"] = 1 - labels["label"].iloc[0]
    assert train_on(features, flipped, world.names).bundle.sha256 != result.bundle.sha256


def test_bundle_survives_its_files(logistic):
    world, result = logistic
    features, _, _ = last_cutoff(world)
    back = ModelBundle.from_files(result.bundle.to_files())
    assert np.array_equal(back.predict(features), result.bundle.predict(features))
    assert back.to_files() == result.bundle.to_files()
    terms = back.contributions(features)
    assert list(terms.columns) == [*world.names, "bias"]
    assert back.predict(features.head(0)).shape == (0,)
    assert back.contributions(features.head(0)).shape == (0, len(world.names) + 1)
    with pytest.raises(ValueError, match="1 are not in the table: noise_2"):
        back.predict(features.drop(columns="noise_2"))
    with pytest.raises(ValueError, match="a model bundle holds"):
        ModelBundle.from_files({})
    with pytest.raises(ValueError, match="found 99"):
        ModelBundle.from_files({"bundle.json": b'{"format": 99}'})


def test_thin_data_is_a_result_with_counts():
    world = make_world("logistic", customers=150)
    result = train_on(*world.until(8), world.names)
    assert result.status == "thin_data"
    assert result.bundle is None
    assert result.customers_needed == 200
    ever = world.until(8)[1].groupby("customer_id")["label"]
    assert result.customers_with == (ever.max() == 1).sum()
    assert result.customers_without == (ever.min() == 0).sum()


def test_an_empty_population_is_a_result():
    world = make_world("logistic", customers=5)
    result = train_on(world.features.head(0), world.labels.head(0), world.names)
    assert (result.status, result.customers_with, result.customers_without) == ("thin_data", 0, 0)


def test_enough_of_one_class_only_is_thin():
    world = make_world("logistic", customers=300)
    result = train_on(world.features, world.labels.assign(label=0), world.names)
    assert result.status == "thin_data"
    assert (result.customers_with, result.customers_without) == (0, 300)


def test_one_block_is_graded_c_at_most_and_not_calibrated():
    world = make_world("logistic")
    result = train_on(*world.until(2), world.names)
    assert not result.out_of_time
    assert result.grade == "C"
    assert result.parameters["calibration"] == "none"
    assert not result.oof["out_of_time"].any()
    assert len(result.oof) == 2 * 1500
    features, outcome, truth = last_cutoff(world)
    predicted = result.bundle.predict(features)
    assert metrics.auc(outcome, predicted) > metrics.auc(outcome, truth) - 0.02


def test_grades():
    assert grade_of(True, 0.0, 0.0, True) == "D"
    assert grade_of(False, 0.06, 0.05, True) == "A"
    assert grade_of(False, 0.02, 0.01, True) == "B"
    assert grade_of(False, 0.005, 0.001, True) == "C"
    assert grade_of(False, 0.20, -0.001, True) == "C"
    assert grade_of(False, 0.20, 0.1, False) == "C"


@pytest.mark.parametrize("seed", [0, 1])
def test_no_fit_sees_a_label_window_of_its_judged_rows(seed):
    random = np.random.default_rng(seed)
    offsets = np.sort(random.choice(200, 20, replace=False))
    day = np.repeat(np.datetime64("2024-01-01") + offsets, 100)
    outcome = (random.random(2000) < 0.5).astype(np.float64)
    table = Table(np.zeros((2000, 1)), outcome, day, np.tile(np.arange(100), 20), None)
    splits, forward = make_splits(table, 30, 3, 0)
    assert forward
    assert len(splits) == 3
    for split in splits:
        assert day[split.fit].max() + np.timedelta64(30, "D") <= day[split.judge].min()


def test_customer_folds_keep_a_customer_together():
    day = np.repeat(np.array(["2024-01-01", "2024-01-08"], dtype="datetime64[D]"), 401)
    outcome = (np.arange(802) % 5 == 0).astype(np.float64)
    table = Table(np.zeros((800, 1)), outcome, day, np.tile(np.arange(401), 2), None)
    splits, forward = make_splits(table, 30, 3, 0)
    assert not forward
    judged = np.concatenate([split.judge for split in splits])
    assert sorted(judged) == list(range(802))
    for split in splits:
        assert not set(table.customer[split.fit]) & set(table.customer[split.judge])
        assert 0.15 < outcome[split.judge].mean() < 0.25


def test_later_labels_leave_earlier_out_of_fold_predictions_alone(logistic):
    """The label of the last cut-off is poisoned: every prediction for rows before it that serves as
    out-of-fold evidence must come from a model that never saw it."""
    world, _ = logistic
    features, labels = world.until(8)
    last = labels["as_of_date"] == labels["as_of_date"].max()
    poisoned = labels.assign(label=labels["label"].where(~last, 1 - labels["label"]))
    # Settings are chosen over all cut-offs together; the half-life of the rules is therefore given.
    equal = {"half_life_days": math.inf}
    result = train_on(features, labels, world.names, **equal)
    again = train_on(features, poisoned, world.names, **equal)
    for rule in ("rule:visits_count_30d", "rule:complaints_count_30d"):
        assert again.oof[rule].equals(result.oof[rule])
    assert again.bundle.sha256 != result.bundle.sha256


def test_half_life_follows_the_recent_world():
    """The sign of the only effect turns half-way; fading memory follows the newer half."""
    before, after = make_world("rule", cutoffs=6, seed=1), make_world("rule", cutoffs=6, seed=2)
    shift = pd.Timedelta(days=42)
    features = pd.concat(
        [before.features, after.features.assign(as_of_date=after.features["as_of_date"] + shift)]
    )
    labels = pd.concat(
        [
            before.labels.assign(label=1 - before.labels["label"]),
            after.labels.assign(as_of_date=after.labels["as_of_date"] + shift),
        ]
    )
    slopes = []
    for half_life in (None, 7.0):
        rule = train_on(
            features, labels, before.names, half_life_days=half_life, rule_columns=RULES[:1]
        ).rule_bundle
        few, many = after.features.head(1).copy(), after.features.head(1).copy()
        few["visits_count_30d"], many["visits_count_30d"] = 0, 50
        slopes.append(float(rule.predict(many)[0] - rule.predict(few)[0]))
    assert slopes[1] > slopes[0] + 0.2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f, y: (f, pd.concat([y, y.head(1)])), "labels of next_purchase repeat"),
        (lambda f, y: (pd.concat([f, f.head(1)]), y), "features of next_purchase repeat"),
        (lambda f, y: (f.iloc[3:], y), "3 of 900 have none"),
        (lambda f, y: (f, y.assign(label=y["label"] * 2)), "must be 0 or 1"),
        (lambda f, y: (f.drop(columns="noise_0"), y), "not in the table: noise_0"),
    ],
)
def test_broken_frames_are_refused(change, message):
    world = make_world("logistic", customers=100)
    with pytest.raises(ValueError, match=message):
        train_on(*change(world.features, world.labels), world.names)


def test_broken_arguments_are_refused():
    world = make_world("logistic", customers=100)
    arguments = {"target": "churn", "horizon_days": 14}
    with pytest.raises(ValueError, match="rule columns must be features"):
        train(world.features, world.names, world.labels, rule_columns=["luck"], **arguments)
    with pytest.raises(ValueError, match="rule columns must be features"):
        train(world.features, world.names, world.labels, rule_columns=[], **arguments)
    with pytest.raises(ValueError, match="min_class_customers must be at least 2"):
        train_on(world.features, world.labels, world.names, min_class_customers=1)


def test_labels_of_other_targets_are_left_out():
    world = make_world("logistic", customers=100)
    labels = pd.concat(
        [
            world.labels.assign(target=t, horizon_days=h)
            for t, h in (("next_purchase", HORIZON), ("next_purchase", 90), ("churn", HORIZON))
        ]
    )
    result = train_on(world.features, labels, world.names)
    assert result.customers_without <= 100
    assert result.status == "thin_data"


def test_progress_is_told():
    told = []
    world = make_world("logistic", customers=400)
    train_on(*world.until(6), world.names, on_progress=told.append)
    assert told[0].startswith("next_purchase: 2400 rows at 6 cut-offs, 3 folds forward in time")
    assert any("serves, grade" in line for line in told)


# Promotion


def predictions(world, logit_error):
    truth = np.clip(world.truth, 1e-4, 1 - 1e-4)
    logit = np.log(truth / (1 - truth)) + logit_error
    return world.labels[["customer_id", "as_of_date"]].assign(prediction=1 / (1 + np.exp(-logit)))


def test_a_worse_champion_is_replaced_on_later_rows_only(logistic):
    world, result = logistic
    until = date(2024, 2, 5)
    comparison = compare(result.oof, predictions(world, 1.0), until)
    later = result.oof[result.oof["as_of_date"] >= pd.Timestamp(until)]
    assert comparison.status == "compared"
    assert comparison.promote
    assert comparison.rows == len(later) < len(result.oof)
    assert comparison.customers == later["customer_id"].nunique()
    assert comparison.cutoffs[0] == until
    assert 0 <= comparison.lower_bound < comparison.gain


def test_a_champion_that_knows_the_truth_stays(logistic):
    world, result = logistic
    comparison = compare(result.oof, predictions(world, 0.0), date(2024, 1, 1))
    assert not comparison.promote
    assert comparison.lower_bound < 0


def test_the_same_model_is_no_worse_than_itself(logistic):
    _, result = logistic
    own = result.oof.rename(columns={"served": "prediction"})
    comparison = compare(result.oof, own, date(2024, 1, 1))
    assert comparison.gain == comparison.lower_bound == 0
    assert comparison.promote


def test_nothing_later_means_nothing_promoted(logistic):
    world, result = logistic
    assert compare(result.oof, predictions(world, 1.0), date(2025, 1, 1)).status == "no_later_rows"
    inside = result.oof.assign(out_of_time=False)
    comparison = compare(inside, predictions(world, 1.0), date(2024, 1, 1))
    assert (comparison.status, comparison.promote) == ("no_later_rows", False)
