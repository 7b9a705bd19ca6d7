"""Made-up randomised contacts whose true effects are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.activate.uplift.learners import Trial


@dataclass(frozen=True)
class EffectWorld:
    """Features (rows, columns), the trial, and each row's true effect on the chance of the outcome."""

    values: np.ndarray
    trial: Trial
    effect: np.ndarray


def make_effect_world(
    rows: int,
    seed: int,
    strength: float = 1.0,
    share: float = 0.5,
    columns: int = 20,
    people_share: float = 0.3,
) -> EffectWorld:
    """Draw people who stand in several campaigns, some of whom messages move and some of whom they drive off.

    Habits (columns 0 and 1) decide how often people buy; openness (2) and weariness (3) are seen through noise and
    decide what a message does to the log-odds; the other columns are noise. ``strength`` 0: no message does anything.
    """
    random = np.random.default_rng(seed)
    people = max(2, int(rows * people_share))
    person = np.sort(random.integers(0, people, rows))
    habit, taste = random.normal(size=(2, people))[:, person]
    open_to, weary = random.random((2, people))[:, person]
    logit = -2.2 + 0.8 * habit + 0.3 * np.sin(2 * taste) + 0.2 * random.normal(size=rows)
    push = np.where(open_to > 0.7, 0.9, 0.0) - np.where(weary > 0.85, 0.7, 0.0)
    treated = (random.random(rows) < share).astype(np.float64)
    chance = _sigmoid(logit + strength * push * treated)
    outcome = (random.random(rows) < chance).astype(np.float64)
    seen = np.column_stack([habit, taste, open_to, weary]) + random.normal(0, 0.1, (rows, 4))
    values = np.hstack([seen, random.normal(size=(rows, columns - 4))]).astype(np.float32)
    effect = _sigmoid(logit + strength * push) - _sigmoid(logit)
    trial = Trial(outcome, treated, np.full(rows, share), person.astype(np.int64), person % 4)
    return EffectWorld(values, trial, effect)


def _sigmoid(logit: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-logit)))
