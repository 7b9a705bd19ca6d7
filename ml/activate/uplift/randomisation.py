"""Did a coin decide? Two tests before anything is called an effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from ml.learn.judging.two_samples import SAMPLE, told_apart
from ml.learn.models.linear import Floats

ALARM = 0.001
"""A true coin fails a test once in a thousand (the limit of Fabijan et al. 2019 for sample-ratio mismatches)."""


@dataclass(frozen=True)
class RandomisationTest:
    """What the two tests found; NaN where one could not be made."""

    share_declared: float
    share_observed: float
    share_p_value: float
    told_apart: float
    told_apart_p_value: float
    reason: str | None

    @property
    def passed(self) -> bool:
        """No test gave an alarm."""
        return self.reason is None


def randomisation_test(
    contacts: pd.DataFrame, described: pd.DataFrame, names: Sequence[str], seed: int
) -> RandomisationTest:
    """Hold the groups against what was declared, and against each other.

    `contacts` has campaign, person, is_treated, treated_share (missing: not declared) and is_redrawn (the coin was
    thrown anew for this campaign, not once per person). `described` are those of them of whom something was known
    before the coin: person, customer_id, is_treated and the columns in `names`.
    """
    share_p, worst = _share_p_value(contacts), None
    declared = contacts["treated_share"].mean()
    campaigns = contacts.groupby("campaign", sort=True)
    for campaign, rows in campaigns:
        if _share_p_value(rows) < ALARM / len(campaigns):
            worst = campaign
            break
    apart, apart_p = _told_apart(described, names, seed)
    reason = None
    if share_p < ALARM or worst is not None:
        reason = "share_mismatch"
    elif apart_p < ALARM:
        reason = "groups_differ"
    return RandomisationTest(
        float(declared), float(contacts["is_treated"].mean()), share_p, apart, apart_p, reason
    )


def share_p_value(is_treated: Floats, share: Floats) -> float:
    """Two-sided p-value of so many treated, where each was by his or her own chance; NaN without any."""
    spread = float(np.sqrt((share * (1 - share)).sum()))
    if not spread:
        return float("nan")
    return float(2 * norm.sf(abs((is_treated - share).sum()) / spread))


def _share_p_value(contacts: pd.DataFrame) -> float:
    known = contacts[contacts["treated_share"].notna()]
    redrawn = known[known["is_redrawn"]]
    once = known[~known["is_redrawn"]].drop_duplicates(["person", "is_treated"])
    drawn = pd.concat([redrawn, once])
    return share_p_value(
        drawn["is_treated"].to_numpy(np.float64), drawn["treated_share"].to_numpy(np.float64)
    )


def _told_apart(described: pd.DataFrame, names: Sequence[str], seed: int) -> tuple[float, float]:
    """AUC of telling the groups apart by what was known before, and the chance of as much by luck.

    A person counts once; the spread of an AUC without any difference is that of the rank sum (Mann and Whitney 1947).
    """
    first = described.drop_duplicates("person")
    groups = [first[first["is_treated"] == drawn] for drawn in (False, True)]
    sizes = [min(len(group), SAMPLE) for group in groups]
    if min(sizes) < 2 or not names:
        return float("nan"), float("nan")
    found = told_apart(groups[0], groups[1], names, seed)
    spread = np.sqrt((sizes[0] + sizes[1] + 1) / (12 * sizes[0] * sizes[1]))
    return found, float(norm.sf((found - 0.5) / spread))
