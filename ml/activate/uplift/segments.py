"""Four kinds of people, and those of whom it cannot be said (Radcliffe 2007)."""

from __future__ import annotations

import numpy as np
import pandas as pd

PERSUADABLE, SURE_THING = "persuadable", "sure_thing"
LOST_CAUSE, SLEEPING_DOG, UNCLEAR = "lost_cause", "sleeping_dog", "unclear"


def segments_of(effects: pd.DataFrame, sign: int, least_effect: float) -> pd.Series:
    """Name each person's segment.

    The interval decides: wholly on the wanted side, moved (persuadable); wholly on the other, driven off (sleeping
    dog). Where it holds nothing, and nothing larger than ``least_effect`` either way, the message does not matter:
    who does the wanted thing anyway, more likely than not, is a sure thing, the others are lost causes. Else unclear.

    `effects` has effect_low, effect_high and without; ``sign`` is +1 where the outcome is wanted, else -1.
    """
    ends = sign * effects[["effect_low", "effect_high"]].to_numpy()
    low, high = ends.min(axis=1), ends.max(axis=1)
    wanted = effects["without"] if sign > 0 else 1 - effects["without"]
    matters_not = (low >= -least_effect) & (high <= least_effect)
    chosen = np.select(
        [low > 0, high < 0, matters_not & (wanted >= 0.5), matters_not],
        [PERSUADABLE, SLEEPING_DOG, SURE_THING, LOST_CAUSE],
        UNCLEAR,
    )
    return pd.Series(chosen, index=effects.index)


def deciles_of(benefit: np.ndarray, ids: pd.Series) -> np.ndarray:
    """Tenths of a ranking, 1 the most benefit; ties by id."""
    order = np.lexsort((ids.to_numpy(dtype=str), -benefit))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place * 10 // max(len(order), 1) + 1
