"""From randomised contacts of one channel to its effect models: may a cause be claimed, and of how many?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ml.activate.uplift.boosting import finite
from ml.activate.uplift.bundle import EffectModel
from ml.activate.uplift.judging import Estimate
from ml.activate.uplift.learners import Trial, folds_of
from ml.activate.uplift.outcomes import OUTCOMES, Outcome
from ml.activate.uplift.randomisation import RandomisationTest, randomisation_test
from ml.activate.uplift.study import Study, study_averages, study_effects

SEED = 20_260_701
NOT_RANDOMISED = "not_randomised"
TOO_FEW = "too_few_contacts"
TOO_FEW_TO_RANK = "too_few_to_rank"


def fit_channel(
    channel: str,
    everyone: pd.DataFrame,
    learning: pd.DataFrame,
    features: Sequence[str],
    least: int,
    threads: int,
) -> Iterator[EffectModel]:
    """Fit the effect on each outcome of messages on one channel.

    `everyone` has ml.activate.uplift.contacts.KEYS of all randomised contacts, `learning` has them and the features of
    those before whom there is a cut-off. ``least`` is the number of people with and without an outcome below which
    nothing is said, and in each arm below which people are not told apart.
    """
    if everyone.empty:
        for outcome in OUTCOMES:
            yield _unscored(channel, outcome, 0, NOT_RANDOMISED, None)
        return
    test = randomisation_test(everyone, learning, features, SEED)
    for outcome in OUTCOMES:
        all_rows, rows = (
            frame[frame[outcome.closed]].reset_index(drop=True) for frame in (everyone, learning)
        )
        days = int(everyone[outcome.days].max())
        trial, whole = trial_of(rows, outcome.name), trial_of(all_rows, outcome.name)
        seen = counts_of(whole)
        if not test.passed:
            yield _unscored(channel, outcome, days, test.reason, test)
        elif seen.sum(axis=0).min() < least or seen.sum(axis=1).min() < least:
            yield _unscored(channel, outcome, days, TOO_FEW, test)
        elif counts_of(trial).min() < least:
            found = study_averages(whole, outcome.sign, TOO_FEW_TO_RANK)
            yield _scored(channel, outcome, days, found, whole, test, ())
        else:
            found = study_effects(
                finite(rows[list(features)].to_numpy()), trial, outcome.sign, SEED, threads
            )
            yield _scored(channel, outcome, days, found, trial, test, tuple(features))


def trial_of(rows: pd.DataFrame, outcome: str) -> Trial:
    """Learning rows as numbers; where a share is not declared, the observed one of that campaign stands in."""
    if rows.empty:
        nothing = np.zeros(0)
        return Trial(nothing, nothing, nothing, *[nothing.astype(np.int64)] * 2)
    observed = rows.groupby("campaign")["is_treated"].transform("mean")
    share = rows["treated_share"].fillna(observed).clip(0.01, 0.99)
    person, people = pd.factorize(rows["person"], sort=True)
    return Trial(
        rows[outcome].to_numpy(np.float64),
        rows["is_treated"].to_numpy(np.float64),
        share.to_numpy(np.float64),
        person.astype(np.int64),
        folds_of(people)[person],
    )


def counts_of(trial: Trial) -> np.ndarray:
    """People by arm (rows: held out, treated) and outcome (columns: without, with)."""
    found = np.zeros((2, 2), dtype=np.int64)
    for arm in (0, 1):
        for happened in (0, 1):
            here = (trial.is_treated == arm) & (trial.outcome == happened)
            found[arm, happened] = len(np.unique(trial.person[here]))
    return found


def _scored(
    channel: str,
    outcome: Outcome,
    days: int,
    study: Study,
    trial: Trial,
    test: RandomisationTest,
    features: tuple[str, ...],
) -> EffectModel:
    curve: list[dict[str, float]] = []
    if study.judgement is not None:
        points = study.judgement.curve
        curve = [
            {str(name): float(number) for name, number in point.items()}
            for point in points.to_dict("records")
        ]
    return EffectModel(
        channel=channel,
        outcome=outcome.name,
        sign=outcome.sign,
        horizon_days=days,
        status="scored",
        reason=study.rank_reason,
        is_causal=True,
        features=features,
        folds=study.folds,
        line=study.line,
        share=study.share,
        rate_without=study.rate_without,
        quality=tuple(_quality(study, trial, test)),
        curve=tuple(curve),
    )


def _unscored(
    channel: str,
    outcome: Outcome,
    days: int,
    reason: str | None,
    test: RandomisationTest | None,
) -> EffectModel:
    return EffectModel(
        channel=channel,
        outcome=outcome.name,
        sign=outcome.sign,
        horizon_days=days,
        status="not_scored",
        reason=reason,
        is_causal=False,
        features=(),
        folds=(),
        line=None,
        share=0.0,
        rate_without=0.0,
        quality=tuple(_tested(test)) if test else (),
        curve=(),
    )


def _quality(study: Study, trial: Trial, test: RandomisationTest) -> Iterator[dict[str, Any]]:
    average = Estimate(*(float(end[0]) for end in study.line.at(np.full(1, study.line.middle))))
    yield _row("contacts", float(len(trial)))
    yield _row("people", float(len(np.unique(trial.person))))
    yield _row("average_effect", average.value, average.low, average.high)
    yield _row("smallest_visible_effect", study.smallest)
    if study.judgement is not None:
        for name, found in (("qini", study.judgement.qini), ("auuc", study.judgement.auuc)):
            yield _row(name, found.value, found.low, found.high)
    yield from (_row(f"qini_{name}", worth) for name, worth in study.contenders.items())
    for row in study.deciles.to_dict("records"):
        yield _row(
            "effect_in_decile", row["measured"], row["low"], row["high"],
            decile=int(row["decile"]), predicted=float(row["predicted"]), contacts=int(row["rows"]),
        )  # fmt: skip
    yield from _tested(test)


def _tested(test: RandomisationTest) -> Iterator[dict[str, Any]]:
    yield _row("share_treated", test.share_observed, predicted=test.share_declared)
    yield _row("share_p_value", test.share_p_value)
    yield _row("groups_told_apart_auc", test.told_apart)
    yield _row("groups_told_apart_p_value", test.told_apart_p_value)


def _row(
    measure: str,
    value: float,
    low: float | None = None,
    high: float | None = None,
    decile: int | None = None,
    predicted: float | None = None,
    contacts: int | None = None,
) -> dict[str, Any]:
    numbers = {"value": value, "low": low, "high": high, "predicted": predicted}
    kept = {name: _known(number) for name, number in numbers.items()}
    return {"measure": measure, "decile": decile, "contacts": contacts, **kept}


def _known(number: float | None) -> float | None:
    """Nine significant digits, as wherever a ratio is stored; None where there is no number."""
    return None if number is None or np.isnan(number) else float(f"{number:.9g}")
