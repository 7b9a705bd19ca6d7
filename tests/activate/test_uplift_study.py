"""Learners find planted effects, claim nothing where there are none, and never score a person by own outcomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml.activate.uplift.boosting import Ground
from ml.activate.uplift.bundle import EffectModel, digest_of_files
from ml.activate.uplift.fit import fit_channel
from ml.activate.uplift.judging import Z, qini
from ml.activate.uplift.learners import OUTER, cross_fit, folds_of
from ml.activate.uplift.study import Study, study_averages, study_effects
from tests.activate.effect_worlds import EffectWorld, make_effect_world

NAMES = [f"feature_{number}" for number in range(20)]


@pytest.fixture(scope="module")
def planted() -> tuple[EffectWorld, Study]:
    world = make_effect_world(30_000, seed=1)
    return world, study_effects(world.values, world.trial, 1, seed=1, threads=2)


def test_a_planted_ranking_is_proved_and_reaches_half_of_the_truth(
    planted: tuple[EffectWorld, Study],
) -> None:
    world, study = planted
    assert study.is_ranked
    assert study.judgement is not None
    assert study.judgement.qini.low > 0
    assert study.judgement.qini.value > qini(world.effect, world.effect) / 2
    average = study.judgement.average
    error = (average.high - average.low) / (2 * Z)
    assert abs(average.value - world.effect.mean()) < 4 * error


def test_what_serves_ranks_people_who_were_never_seen(planted: tuple[EffectWorld, Study]) -> None:
    _, study = planted
    fresh = make_effect_world(10_000, seed=2)
    for one in study.folds:
        ranked = one.blend.of(one.fitted.predict(fresh.values, study.share))
        assert qini(ranked, fresh.effect) > qini(fresh.effect, fresh.effect) / 2


def test_a_message_that_does_nothing_is_not_ranked_more_often_than_chance_allows() -> None:
    proved = 0
    for seed in range(6):
        world = make_effect_world(2_000, seed=seed, strength=0.0, columns=6)
        study = study_effects(world.values, world.trial, 1, seed=1, threads=2)
        proved += study.is_ranked
        if not study.is_ranked:
            assert study.rank_reason == "ranking_not_proved"
            assert study.line.slope == 0
    assert proved <= 2


def test_nothing_that_a_person_did_reaches_what_is_said_of_the_person() -> None:
    world = make_effect_world(3_000, seed=5, columns=6)
    before = cross_fit(Ground.of(world.values, 1, 2), world.trial, 1)
    held = world.trial.fold == 2
    turned = np.where(held, 1 - world.trial.outcome, world.trial.outcome)
    after = cross_fit(Ground.of(world.values, 1, 2), replace(world.trial, outcome=turned), 1)
    for name, effect in before.effects.items():
        np.testing.assert_array_equal(effect[held], after.effects[name][held])
    assert any((before.effects[name] != after.effects[name]).any() for name in before.effects)


def test_an_unwanted_outcome_is_ranked_the_other_way_round() -> None:
    world = make_effect_world(20_000, seed=7)
    silent = replace(world.trial, outcome=1 - world.trial.outcome)
    study = study_effects(world.values, silent, -1, seed=1, threads=2)
    assert study.is_ranked
    one = study.folds[0]
    ranked = one.blend.of(one.fitted.predict(world.values, study.share))
    assert qini(-ranked, world.effect) > qini(world.effect, world.effect) / 2


def test_averages_are_the_difference_of_the_groups() -> None:
    world = make_effect_world(4_000, seed=8)
    trial = world.trial
    study = study_averages(trial, 1, "too_few_to_rank")
    treated, others = (trial.outcome[trial.is_treated == arm].mean() for arm in (1, 0))
    value, low, high = (float(end[0]) for end in study.line.at(np.zeros(1)))
    assert value == pytest.approx(treated - others, abs=2e-3)
    assert low < treated - others < high


def contacts_of(world: EffectWorld) -> pd.DataFrame:
    trial = world.trial
    people = [f"c{number:06d}" for number in trial.person]
    frame = pd.DataFrame(world.values, columns=NAMES)
    return frame.assign(
        campaign="2026-01-06-pilot", person=people, customer_id=people, is_treated=trial.is_treated == 1,
        is_redrawn=True, treated_share=trial.share, read_days=14, stay_days=90, is_read=True, is_stay_read=False,
        purchase=trial.outcome == 1, churn=False, refusal=False,
    )  # fmt: skip


def models_of(frame: pd.DataFrame, least: int = 100) -> dict[str, EffectModel]:
    found = fit_channel("email", frame, frame, NAMES, least, 2)
    return {model.outcome: model for model in found}


def test_models_are_the_same_after_files_and_the_files_are_the_same_again() -> None:
    frame = contacts_of(make_effect_world(6_000, seed=9))
    model = models_of(frame)["purchase"]
    files = model.to_files()
    back = EffectModel.from_files(files)
    pd.testing.assert_frame_equal(model.effects(frame), back.effects(frame))
    assert digest_of_files(back.to_files()) == digest_of_files(files)
    assert digest_of_files(models_of(frame)["purchase"].to_files()) == digest_of_files(files)
    assert len(model.folds) == OUTER
    assert model.is_causal


def test_without_a_coin_nothing_is_claimed() -> None:
    frame = contacts_of(make_effect_world(12_000, seed=10))
    nobody = models_of(frame.iloc[:0])
    assert {model.reason for model in nobody.values()} == {"not_randomised"}
    buyers = frame["feature_0"] > 0.5
    taken_out = frame[~(buyers & ~frame["is_treated"] & (np.arange(len(frame)) % 2 == 0))]
    found = models_of(taken_out.reset_index(drop=True))
    assert {model.reason for model in found.values()} == {"share_mismatch"}
    chosen = frame.assign(is_treated=buyers, treated_share=np.nan)
    picked = models_of(chosen)
    assert {model.reason for model in picked.values()} == {"groups_differ"}
    for model in (*nobody.values(), *found.values(), *picked.values()):
        assert not model.is_causal
        assert model.status == "not_scored"
        assert model.line is None
        with pytest.raises(ValueError, match="no effect to give"):
            model.effects(frame)


def test_few_outcomes_give_an_average_and_fewer_nothing() -> None:
    frame = contacts_of(make_effect_world(12_000, seed=11))
    happened = int(frame["purchase"].sum())
    assert models_of(frame, least=happened + 1)["purchase"].reason == "too_few_contacts"
    by_person = frame[frame["purchase"]].groupby("is_treated")["person"].nunique()
    average = models_of(frame, least=int(by_person.min()) + 1)["purchase"]
    assert average.reason == "too_few_to_rank"
    assert average.effects(frame)["effect"].nunique() == 1


def test_folds_are_even_and_belong_to_the_id() -> None:
    ids = [f"c{number:05d}" for number in range(8_000)]
    fold = folds_of(ids)
    assert np.bincount(fold, minlength=OUTER).min() > 1_800
    np.testing.assert_array_equal(folds_of(ids[::-1])[::-1], fold)
