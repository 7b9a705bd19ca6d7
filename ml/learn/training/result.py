"""What a training gives, whether it could learn something or not."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pandas as pd

from ml.learn.judging.drift import DriftProfile
from ml.learn.models.bundle import ModelBundle
from ml.learn.training.leaks import LeakAlarm

GRADE_A_GAIN = 0.05
GRADE_B_GAIN = 0.01
"""Reduction of the best rule's log-loss from which a model earns an A or a B."""


@dataclass(frozen=True)
class TrainingResult:
    """A training, told in full. Thin data and an empty population are results too.

    ``customers_with`` and ``customers_without`` count distinct customers with at least one row of
    that outcome; both must reach ``customers_needed``, else ``status`` is "thin_data" and
    everything below is empty, unless a buy-till-you-die model could be fitted: ``customers_returned``
    bought on two days or more, and ``returned_needed`` of them are enough. Without outcomes to judge it
    by, such a model has no rule beside it, no gain and no figures. ``bundle`` is what is served,
    ``rule_bundle`` the best simple rule (equal to it at grade D), both fitted on every mature cut-off.

    ``oof`` holds customer_id, as_of_date, label, a column of out-of-fold probabilities per
    contender, "served" (the served one's, corrected as it would have been at the time) and
    out_of_time (the same for all rows, so that the frame can be judged by itself).
    ``metrics`` are of those columns, all cut-offs together; ``backtest`` shows the served one and
    the best rule at each cut-off (see judging.backtests), ``reliability`` predicted and observed by bin, for everyone and
    in slices, ``drift`` what today's people are compared with later, ``leak_alarms`` what may know the future. ``gain`` is the reduction of the best rule's log-loss as a share
    of it, ``gain_lower`` its paired lower 80 % bound. Without ``out_of_time`` the history allowed
    one block only, and out-of-fold means other customers at the same time. ``families`` tells which
    families of features were tried and kept (see FamilyChoice).
    """

    status: Literal["trained", "thin_data"]
    target: str
    horizon_days: int
    customers_with: int
    customers_without: int
    customers_needed: int
    bundle: ModelBundle | None = None
    rule_bundle: ModelBundle | None = None
    served: str | None = None
    best_rule: str | None = None
    grade: str | None = None
    gain: float | None = None
    gain_lower: float | None = None
    out_of_time: bool = False
    base_rate: float | None = None
    cutoffs: tuple[date, ...] = ()
    trained_until: date | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    oof: pd.DataFrame = field(default_factory=pd.DataFrame)
    backtest: pd.DataFrame = field(default_factory=pd.DataFrame)
    calibration_table: pd.DataFrame = field(default_factory=pd.DataFrame)
    lift_table: pd.DataFrame = field(default_factory=pd.DataFrame)
    customers_returned: int | None = None
    returned_needed: int | None = None
    families: pd.DataFrame = field(default_factory=pd.DataFrame)
    reliability: pd.DataFrame = field(default_factory=pd.DataFrame)
    drift: DriftProfile | None = None
    leak_alarms: tuple[LeakAlarm, ...] = ()


def grade_of(
    served_is_rule: bool,
    gain: float,
    gain_lower: float,
    out_of_time: bool,
    *,
    badly_calibrated: bool = False,
    suspected: bool = False,
) -> str:
    """Grade a model by how much of the best rule's log-loss it saves.

    D: the rule itself is served. A and B need a saving of GRADE_A_GAIN or GRADE_B_GAIN that is
    beyond chance (its lower 80 % bound is above 0) and was seen out of time, probabilities that can be taken at their word
    (not ``badly_calibrated``, see judging.backtests.counts_as_badly_calibrated), and no feature ``suspected`` of
    knowing the future. C: all others.
    """
    if served_is_rule:
        return "D"
    if not out_of_time or gain_lower <= 0 or gain < GRADE_B_GAIN or badly_calibrated or suspected:
        return "C"
    return "A" if gain >= GRADE_A_GAIN else "B"
