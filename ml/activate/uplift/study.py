"""One study: the effect of messages on one channel on one outcome, from randomised contacts.

A ranking is served only when it is proved: the out-of-fold Qini interval must exclude nothing. Else everybody gets
the average effect. Which learner speaks for a row is decided on the other people's rows, and what was judged is what
serves: a person is scored by the models that never saw that person. Models of all rows would repeat to people of the
experiment the luck they had in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from ml.activate.uplift.boosting import Ground
from ml.activate.uplift.judging import (
    Judgement,
    Line,
    by_decile,
    judge,
    qini,
    smallest_visible,
    surely_better,
)
from ml.activate.uplift.learners import (
    LEARNERS,
    OUTER,
    SAME_PUSH,
    CrossFitted,
    Fitted,
    Rates,
    Trial,
    cross_fit,
)
from ml.learn.models.linear import Floats

STACK = "stack"
CONTENDERS = (*LEARNERS, STACK)


@dataclass(frozen=True)
class Blend:
    """How much of each learner's effect, in LEARNERS' order, makes the served one; only its ranking is used."""

    learner: str
    weights: tuple[float, ...]

    def of(self, effects: dict[str, Floats]) -> Floats:
        """The blended effect of each row."""
        parts = [
            weight * effects[name] for name, weight in zip(LEARNERS, self.weights, strict=True)
        ]
        return np.asarray(sum(parts), dtype=np.float64)


@dataclass(frozen=True)
class Served:
    """What speaks for the people of one fold: models that saw none of them, blended as was best for the others."""

    fitted: Fitted
    blend: Blend


@dataclass(frozen=True)
class Study:
    """What was found, and what serves: the models and the blend of each fold.

    ``rank_reason`` is None when the ranking is proved; ``sign`` +1 where the outcome is wanted, else -1.
    """

    sign: int
    rank_reason: str | None
    folds: tuple[Served, ...]
    line: Line
    share: float
    rate_without: float
    judgement: Judgement | None
    deciles: pd.DataFrame
    contenders: dict[str, float]
    smallest: float

    @property
    def is_ranked(self) -> bool:
        """Does it tell people apart?"""
        return self.rank_reason is None


def study_averages(trial: Trial, sign: int, reason: str) -> Study:
    """Only the average effect, where there are too few outcomes to tell people apart."""
    count = len(trial)
    rates = Rates(*(np.full(count, _rate(trial, treated)) for treated in (False, True)))
    score = rates.score(trial)
    line = Line.of(np.zeros(count), score, trial.person)
    smallest = smallest_visible(score, trial.person)
    return Study(
        sign, reason, (), line, float(trial.share.mean()), _rate(trial, False), None,
        pd.DataFrame(), {}, smallest,
    )  # fmt: skip


def study_effects(
    values: NDArray[np.float32], trial: Trial, sign: int, seed: int, threads: int
) -> Study:
    """Learn whom messages move from features (rows, columns) of randomised contacts."""
    ground = Ground.of(values, seed, threads)
    found = cross_fit(ground, trial, seed)
    score = found.rates.score(trial)
    blends = [_choose(found, score, trial.person, found.fold != k, sign) for k in range(OUTER)]
    chosen = np.zeros(len(score))
    for number, blend in enumerate(blends):
        held = found.fold == number
        chosen[held] = blend.of(found.effects)[held]
    judgement = judge(sign * chosen, sign * score, trial.person, seed)
    contenders = {
        name: qini(sign * _out_of_fold(found, score, name), sign * score) for name in CONTENDERS
    }
    line = Line.of(chosen, score, trial.person)
    proved = judgement.qini.low > 0 and line.slope > 0
    served = line if proved else line.flat()
    return Study(
        sign=sign,
        rank_reason=None if proved else "ranking_not_proved",
        folds=tuple(Served(*pair) for pair in zip(found.fitted, blends, strict=True)),
        line=served,
        share=float(trial.share.mean()),
        rate_without=_rate(trial, False),
        judgement=judgement,
        deciles=by_decile(sign * chosen, served.at(chosen)[0], trial, score),
        contenders=contenders,
        smallest=smallest_visible(score, trial.person),
    )


def _out_of_fold(found: CrossFitted, score: Floats, name: str) -> Floats:
    if name != STACK:
        return found.effects[name]
    stacked = np.zeros(len(score))
    for number in range(OUTER):
        held = found.fold == number
        stacked[held] = _stack(found, score, ~held).of(found.effects)[held]
    return stacked


def _choose(
    found: CrossFitted,
    score: Floats,
    person: NDArray[np.int64],
    rows: NDArray[np.bool_],
    sign: int,
) -> Blend:
    """The contender of the greatest Qini on some rows, on the scale of the effects measured there.

    The same push for everybody is the simplest answer; what says more must be surely better on these rows.
    """
    stack = _stack(found, score, rows)
    others = [Blend(name, _alone(name)) for name in LEARNERS if name != SAME_PUSH] + [stack]
    best = Blend(SAME_PUSH, _alone(SAME_PUSH))
    simplest = sign * best.of(found.effects)[rows]
    worth = qini(simplest, sign * score[rows])
    for blend in others:
        benefit, gain = sign * blend.of(found.effects)[rows], sign * score[rows]
        if (own := qini(benefit, gain)) > worth and surely_better(
            benefit, simplest, gain, person[rows]
        ):
            best, worth = blend, own
    effect = best.of(found.effects)[rows]
    own_effect = effect - effect.mean()
    scale = float(own_effect @ score[rows] / max(own_effect @ own_effect, 1e-12))
    # One scale for all folds, so that pooled rows of different learners stand in one order.
    return Blend(best.learner, tuple(max(scale, 1e-6) * weight for weight in best.weights))


def _stack(found: CrossFitted, score: Floats, rows: NDArray[np.bool_]) -> Blend:
    """Learners blended by non-negative least squares on the scores (stacking; Wolpert 1992, Nie and Wager 2021)."""
    effects = np.column_stack([found.effects[name][rows] for name in LEARNERS])
    own = effects - effects.mean(axis=0)
    spread = np.maximum(own.std(axis=0), 1e-9)
    weights, _ = nnls(own / spread, score[rows] - score[rows].mean())
    return Blend(STACK, tuple(float(weight) for weight in weights / spread))


def _alone(name: str) -> tuple[float, ...]:
    return tuple(float(name == other) for other in LEARNERS)


def _rate(trial: Trial, treated: bool) -> float:
    arm = trial.outcome[trial.is_treated == float(treated)]
    return float(arm.mean()) if len(arm) else float("nan")
