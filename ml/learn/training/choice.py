"""Which contender serves, how it is corrected, and what grade that earns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.learn.judging.backtests import counts_as_badly_calibrated
from ml.learn.judging.metrics import log_loss, paired_bootstrap, row_log_loss
from ml.learn.models.linear import Floats, sigmoid
from ml.learn.training.calibration import Calibrator, choose_calibration
from ml.learn.training.crossfit import OutOfFold, Split, Table
from ml.learn.training.result import grade_of


@dataclass(frozen=True)
class Choice:
    """What the out-of-fold predictions decided.

    ``probability`` are the served contender's, corrected as they would have been at the time, on
    the judged rows. ``gain`` and ``gain_lower`` as in TrainingResult.
    """

    served: str
    best_rule: str
    calibrator: Calibrator
    probability: Floats
    gain: float
    gain_lower: float
    grade: str


@dataclass(frozen=True)
class Contest:
    """Everything out of fold: the splits, the contenders on their judged rows, and the choice."""

    splits: list[Split]
    out_of_time: bool
    found: dict[str, OutOfFold]
    choice: Choice


def choose(
    table: Table,
    judged: NDArray[np.intp],
    out_of_time: bool,
    found: dict[str, OutOfFold],
    horizon_days: int,
    seed: int,
    suspected: bool = False,
) -> Choice:
    """Choose the contender of lowest pooled log-loss (of equals the first); correct and grade it.

    ``found`` holds the simplest contenders first, rules named "rule:<column>"; its log-odds belong
    to the rows ``judged``. ``suspected`` says that a feature may know the future, which bars a good grade.
    """
    outcome, customer = table.outcome[judged], table.customer[judged]
    losses = {name: log_loss(outcome, sigmoid(oof.logit)) for name, oof in found.items()}
    best_rule = min((name for name in found if name.startswith("rule:")), key=losses.__getitem__)
    served = min(found, key=losses.__getitem__)
    calibrator, probability = Calibrator(), sigmoid(found[served].logit)
    if out_of_time and served != best_rule:
        calibrator, probability = choose_calibration(
            found[served].logit, outcome, table.day[judged], customer, horizon_days, seed
        )
    saved, saved_lower = paired_bootstrap(
        row_log_loss(outcome, sigmoid(found[best_rule].logit)),
        row_log_loss(outcome, probability),
        customer,
        seed,
    )
    gain, gain_lower = saved / losses[best_rule], saved_lower / losses[best_rule]
    grade = grade_of(
        served == best_rule,
        gain,
        gain_lower,
        out_of_time,
        badly_calibrated=counts_as_badly_calibrated(outcome, probability, table.day[judged], seed),
        suspected=suspected,
    )
    return Choice(served, best_rule, calibrator, probability, gain, gain_lower, grade)
