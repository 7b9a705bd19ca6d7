"""Meta-learners: from models of a rate to models of a difference between rates.

All know the chance of treatment (a coin decided it), and all are cross-fitted by person: what is said of a row comes
from models that saw neither the row nor any other row of that person, in both stages.

- T: a rate for the treated, a rate for the others, their difference (Künzel, Sekhon, Bickel and Yu 2019).
- X: each arm's rows minus the other arm's rate, learned and weighted by the chance of treatment (the same).
- R: what is left of the outcome on what is left of the treatment (Nie and Wager 2021).
- DR: the doubly robust score of each row, learned (Kennedy 2023).
- same_push: no model of an effect at all. Were everybody's log-odds pushed alike, a chance p would move by p (1 - p)
  times the push, so that people differ by where they stand and by nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.activate.uplift.boosting import Ground, Grown, Rows
from ml.learn.models.linear import Floats

SAME_PUSH = "same_push"
LEARNERS = ("t", "x", "r", "dr", SAME_PUSH)
OUTER, INNER = 4, 2


@dataclass(frozen=True)
class Trial:
    """Randomised rows: outcome and is_treated 0 or 1, share the chance of treatment, person a number, each (rows,).

    ``fold`` (rows,) is 0 to OUTER - 1, the same in all rows of a person.
    """

    outcome: Floats
    is_treated: Floats
    share: Floats
    person: NDArray[np.int64]
    fold: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.outcome)

    def arm(self, rows: Rows, treated: bool) -> Rows:
        """Those of some rows that stand in one arm."""
        chosen: Rows = rows[self.is_treated[rows] == float(treated)]
        return chosen


@dataclass(frozen=True)
class Rates:
    """Chance of the outcome of each row without and with the message, (rows,)."""

    without: Floats
    treated: Floats

    def score(self, trial: Trial) -> Floats:
        """The doubly robust score: its mean over any group is unbiased for that group's effect."""
        seen = np.where(trial.is_treated == 1, self.treated, self.without)
        push = (trial.is_treated - trial.share) / (trial.share * (1 - trial.share))
        return self.treated - self.without + push * (trial.outcome - seen)


@dataclass(frozen=True)
class CrossFitted:
    """What out-of-fold models say of each row: the two rates, each learner's effect; and those models, by fold."""

    fold: NDArray[np.int64]
    rates: Rates
    effects: dict[str, Floats]
    fitted: tuple[Fitted, ...]


def cross_fit(ground: Ground, trial: Trial, seed: int) -> CrossFitted:
    """Say of each row what models of other people's rows say of it."""
    without, treated = np.zeros(len(trial)), np.zeros(len(trial))
    effects = {name: np.zeros(len(trial)) for name in LEARNERS}
    models = []
    for number in range(OUTER):
        rows, held = np.flatnonzero(trial.fold != number), np.flatnonzero(trial.fold == number)
        models.append(fit(ground, trial, rows, seed))
        found = models[-1].predict(ground.values[held], float(trial.share.mean()))
        without[held], treated[held] = found.pop("without"), found.pop("treated")
        for name in LEARNERS:
            effects[name][held] = found[name]
    return CrossFitted(trial.fold, Rates(without, treated), effects, tuple(models))


@dataclass(frozen=True)
class Fitted:
    """The models of every learner, fitted on the same rows, and which way the average effect goes (+1 or -1)."""

    models: dict[str, Grown]
    direction: float

    def predict(self, values: NDArray[np.float32], share: float) -> dict[str, Floats]:
        """Give, per row of values, both rates and the effect by each learner."""
        said = {name: model.predict(values) for name, model in self.models.items()}
        return {
            "without": said["without"],
            "treated": said["treated"],
            "t": said["treated"] - said["without"],
            "x": share * said["x_others"] + (1 - share) * said["x_treated"],
            "r": said["r"],
            "dr": said["dr"],
            SAME_PUSH: self.direction * said["without"] * (1 - said["without"]),
        }


def fit(ground: Ground, trial: Trial, rows: Rows, seed: int) -> Fitted:
    """Fit every learner on some rows; second stages learn from rates that did not see the person."""
    models = dict(_rate_models(ground, trial, rows))
    rates = _inner_rates(ground, trial, rows, seed)
    y, w, e = trial.outcome[rows], trial.is_treated[rows], trial.share[rows]
    part = Trial(y, w, e, trial.person[rows], trial.fold[rows])
    treated, others = w == 1, w == 0
    models["x_treated"] = ground.grow(rows[treated], (y - rates.without)[treated], "regression")
    models["x_others"] = ground.grow(rows[others], (rates.treated - y)[others], "regression")
    left = w - e
    middle = e * rates.treated + (1 - e) * rates.without
    models["r"] = ground.grow(rows, (y - middle) / left, "regression", left**2)
    score = rates.score(part)
    models["dr"] = ground.grow(rows, score, "regression")
    return Fitted(models, 1.0 if score.mean() >= 0 else -1.0)


def _rate_models(ground: Ground, trial: Trial, rows: Rows) -> Iterator[tuple[str, Grown]]:
    for name, is_treated in (("without", False), ("treated", True)):
        arm = trial.arm(rows, is_treated)
        yield name, ground.grow(arm, trial.outcome[arm], "binary")


def _inner_rates(ground: Ground, trial: Trial, rows: Rows, seed: int) -> Rates:
    inner = _inner_folds(trial.person[rows], seed)
    found = {"without": np.zeros(len(rows)), "treated": np.zeros(len(rows))}
    for number in range(INNER):
        for name, model in _rate_models(ground, trial, rows[inner != number]):
            found[name][inner == number] = ground.predicted(model, rows[inner == number])
    return Rates(**found)


def _inner_folds(person: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    codes = np.unique(person, return_inverse=True)[1]
    drawn = np.random.default_rng(seed).permutation(int(codes.max()) + 1)
    return np.asarray(drawn[codes] % INNER, dtype=np.int64)


def folds_of(people: Iterable[str]) -> NDArray[np.int64]:
    """The fold of each person, by a hash of the id: known years later without a list of who was in it."""
    hashes = (hashlib.md5(f"effect fold|{one}".encode(), usedforsecurity=False) for one in people)
    return np.array([int(found.hexdigest()[:8], 16) % OUTER for found in hashes], dtype=np.int64)
