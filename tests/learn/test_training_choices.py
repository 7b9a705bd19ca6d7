"""What a training decides by itself: families, half-life, settings of the trees, directions."""

from dataclasses import replace

import numpy as np
import pytest

from ml.learn.judging import metrics
from ml.learn.models.linear import sigmoid
from ml.learn.models.trees import BoostedTrees, TreeRows, TreeSettings
from ml.learn.training.contenders import run_contenders
from ml.learn.training.crossfit import (
    judged_rows,
    make_splits,
    table_of,
)
from ml.learn.training.families import choose_families
from ml.learn.training.frames import labelled_rows
from ml.learn.training.grown import SplitBins, trees_out_of_fold
from ml.learn.training.sample import sample_splits
from ml.learn.training.search import search_trees
from ml.learn.training.splits import LEAST_CUTOFFS, MOST_CUTOFFS, WANTED_ROWS, most_cutoffs
from ml.learn.training.task import Task
from ml.learn.training.train import train
from ml.learn.training.weights import choose_half_life
from tests.learn.worlds import HORIZON, make_world

RULE = "complaints_count_30d"
FAMILY_OF = {
    RULE: "complaints",
    "visits_count_30d": "visits",
    "days_since_last_share": "shares",
} | {f"noise_{number}": f"noise_{number % 3}" for number in range(6)}


def start(world, last=8, **options):
    features, labels = world.until(last)
    rows = labelled_rows(features, world.names, labels, "next_purchase", HORIZON)
    task = Task("next_purchase", HORIZON, tuple(world.names), (RULE,), 1, 2, lambda _: None)
    task = replace(task, **options)
    table = table_of(task, rows, None)
    splits, _ = make_splits(table, HORIZON, 3, task.seed)
    return task, table, splits


@pytest.fixture(scope="module")
def logistic():
    return make_world("logistic", customers=900)


def test_noise_is_dropped_and_signal_is_kept(logistic):
    choice = choose_families(*start(logistic), FAMILY_OF)
    told = choice.table.set_index("family")
    assert {name for name in told.index if told["kept"][name]} == {"complaints", "visits", "shares"}
    kept = ("visits_count_30d", RULE, "days_since_last_share")
    assert choice.feature_names == kept, "in the order they came"
    assert told["gain"]["visits"] > told["gain"]["shares"] > 0 > told["gain_lower"]["noise_0"]
    assert np.isnan(told["gain"]["complaints"]), "the family of a simple rule is the base"
    assert told["features"]["all families"] == 9


def test_what_only_several_families_say_together_keeps_them_all():
    """No column helps alone when only the product of two decides."""
    world = make_world("bent", customers=1500, noise_columns=2)
    families = FAMILY_OF | {"noise_0": "noise"}
    task, table, splits = start(world, rule_columns=("noise_0",))
    choice = choose_families(task, table, splits, families)
    told = choice.table.set_index("family")
    assert told["kept"]["all families"]
    assert choice.feature_names == task.feature_names


def test_a_feature_without_a_family_is_refused(logistic):
    with pytest.raises(ValueError, match="features without a family: noise_5"):
        choose_families(*start(logistic), {k: v for k, v in FAMILY_OF.items() if k != "noise_5"})


def test_a_training_with_families_says_what_it_kept(logistic):
    features, labels = logistic.until(8)
    arguments = {"target": "next_purchase", "horizon_days": HORIZON, "rule_columns": [RULE]}
    both = [
        train(
            features, logistic.names, labels, families=FAMILY_OF, threads=threads,
            search_trials=3, **arguments,
        )
        for threads in (1, 2)
    ]  # fmt: skip
    assert both[0].bundle.to_files() == both[1].bundle.to_files(), "threads move no bit"
    kept = both[0].bundle.feature_names
    assert set(kept) == {"visits_count_30d", RULE, "days_since_last_share"}
    assert list(both[0].bundle.contributions(features)) == [*kept, "bias"]
    assert both[0].families["kept"].sum() == 3


def test_a_sample_keeps_customers_whole_and_days_all(logistic):
    _, table, splits = start(logistic)
    for split, small in zip(splits, sample_splits(table, splits, 1, 2_000), strict=True):
        assert set(small.fit) < set(split.fit)
        assert len(small.fit) <= 2_100
        assert set(table.day[small.fit]) == set(table.day[split.fit])
        chosen = np.unique(table.customer[small.fit])
        assert len(small.fit) == np.isin(table.customer[split.fit], chosen).sum()
        assert set(table.customer[small.judge]) == set(chosen)
    same = sample_splits(table, splits, 1, 1_000_000)
    assert all(np.array_equal(a.fit, b.fit) for a, b in zip(splits, same, strict=True))


def test_a_search_never_makes_things_worse_out_of_fold(logistic):
    task, table, splits = start(logistic)
    bins = SplitBins(table, splits, task.seed, 2)
    default = trees_out_of_fold(table, splits, bins, task.seed, 2, None, task.trees)
    found = search_trees(task, table, splits, bins, default, 5)
    outcome = table.outcome[judged_rows(splits)]
    before, after = (metrics.log_loss(outcome, sigmoid(x.logit)) for x in (default, found.trees))
    assert after <= before
    assert found.is_adopted == (found.settings != task.trees) == (after < before)


def test_bad_defaults_are_left_for_what_a_search_finds(logistic):
    poor = TreeSettings(0.03, 3, 0.1, 200.0, 100)
    task, table, splits = start(logistic, trees=poor)
    bins = SplitBins(table, splits, task.seed, 2)
    default = trees_out_of_fold(table, splits, bins, task.seed, 2, None, poor)
    found = search_trees(task, table, splits, bins, default, 6)
    assert found.is_adopted
    assert found.settings.lambda_l2 < 200


def test_out_of_reach_of_a_rival_growing_ends_and_within_it_nothing_changes(logistic):
    task, table, splits = start(logistic)
    bins = SplitBins(table, splits, task.seed, 2)
    settings = replace(task.trees, learning_rate=0.02)

    def grown(to_beat):
        return trees_out_of_fold(table, splits, bins, task.seed, 2, None, settings, to_beat=to_beat)

    free = grown(np.inf)
    loss = metrics.log_loss(table.outcome[judged_rows(splits)], sigmoid(free.logit))
    assert grown(0.0).setting < free.setting
    behind = grown(loss + 1e-9)
    assert behind.setting == free.setting
    assert np.array_equal(behind.logit, free.logit)


@pytest.mark.parametrize("trials", [0, 1])
def test_without_a_budget_nothing_is_searched(logistic, trials):
    task, table, splits = start(logistic)
    bins = SplitBins(table, splits, task.seed, 2)
    default = trees_out_of_fold(table, splits, bins, task.seed, 2, None, task.trees)
    found = search_trees(task, table, splits, bins, default, trials)
    assert (found.settings, found.trees, found.is_adopted) == (task.trees, default, False)


def test_old_cutoffs_fade_only_when_the_world_has_turned():
    calm = make_world("rule", customers=600, cutoffs=12)
    rules = (RULE,)
    assert choose_half_life(*start(calm, 12, rule_columns=rules)) is None
    turned = make_world("rule", customers=600, cutoffs=12)
    old = turned.labels["as_of_date"] < turned.labels["as_of_date"].unique()[5]
    label = turned.labels["label"].where(~old, 1 - turned.labels["label"])
    turned = replace(turned, labels=turned.labels.assign(label=label))
    assert choose_half_life(*start(turned, 12, rule_columns=rules)) == 2.0 * HORIZON


@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize("extra_trees", [None, False])
def test_a_direction_holds_everywhere(direction, extra_trees):
    """Also against the data: with the wrong sign a feature is not used at all."""
    random = np.random.default_rng(4)
    values = random.normal(size=(4000, 3)).astype(np.float32)
    outcome = (random.random(4000) < sigmoid(1.5 * values[:, 0] + values[:, 1] ** 2 - 1)).astype(
        float
    )
    settings = TreeSettings(monotone=(direction,), extra_trees=extra_trees)
    rows = TreeRows(values, outcome, np.ones(4000), None, 1.0)
    model = BoostedTrees.fit(rows, 60, 1, 1, None, settings)
    steps = np.repeat(values[:200, None, :], 25, axis=1)
    steps[:, :, 0] = np.linspace(-3, 3, 25)
    logit = model.logit(steps.reshape(-1, 3)).reshape(200, 25)
    assert (direction * np.diff(logit, axis=1) >= -1e-9).all()
    used = np.ptp(logit, axis=1).max() > 0.1
    assert used == (direction == 1)


def test_directions_reach_the_served_trees(logistic):
    features, labels = logistic.until(8)
    arguments = {"target": "next_purchase", "horizon_days": HORIZON, "rule_columns": [RULE]}
    with pytest.raises(ValueError, match="a direction is -1, 0 or 1"):
        train(features, logistic.names, labels, directions={RULE: 2}, **arguments)
    task, table, splits = start(logistic)
    bound = replace(task, trees=TreeSettings(monotone=(-1,) + (0,) * 8))
    free, held = (run_contenders(one, table, splits, 0)[1] for one in (task, bound))
    for name in ("trees", "blend"):
        assert not np.array_equal(free[name].logit, held[name].logit)
    narrow = bound.narrowed((RULE, "visits_count_30d"))
    assert narrow.trees.monotone == (0, -1)


def test_a_blend_is_the_mean_and_serves_as_it_was_judged(logistic):
    task, table, splits = start(logistic)
    _, found = run_contenders(task, table, splits, 0)
    mean = (found["logistic"].logit + found["trees"].logit) / 2
    assert np.array_equal(found["blend"].logit, mean)


def test_many_customers_are_looked_at_less_often():
    counts = [most_cutoffs(customers) for customers in (0, 1, 4_000, 7_500, 20_000, 10**7)]
    assert counts == [MOST_CUTOFFS, MOST_CUTOFFS, MOST_CUTOFFS, 20, LEAST_CUTOFFS, LEAST_CUTOFFS]
    for customers in range(5_000, 12_500, 500):
        assert customers * most_cutoffs(customers) <= WANTED_ROWS
