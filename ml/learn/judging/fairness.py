"""Does a model treat groups of people alike: who is chosen, how well it tells them apart, and is it right on average.

The groups are for looking only; no model reads them. That rates differ is no proof of unfairness (groups may
really differ in what they do, so the real rate stands beside), and equal rates are none of fairness: calibration
within groups and equal error rates cannot both hold where real rates differ (Kleinberg, Mullainathan and Raghavan
2016).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ml.learn.judging.resampling import RankedAuc, customer_weights, interval
from ml.learn.training.frames import KEYS, with_plain_keys

TRAITS = ("gender", "age_band")
NOT_KNOWN = "not known"
CHOSEN_SHARE = 0.2
"""The most likely fifth: the band "high", whom a marketer takes first."""

LEAST_CUSTOMERS = 50
"""Of fewer, no figure is told: it would be chance, and a small group may be a few people."""

FIGURES = ("real_rate", "chosen_share", "auc", "too_high")


def fairness_table(
    oof: pd.DataFrame, groups: pd.DataFrame, seed: int, traits: Sequence[str] = TRAITS
) -> pd.DataFrame:
    """Judge the served predictions by group.

    ``oof``: customer_id, as_of_date, label, served. ``groups``: customer_id, as_of_date and a column per trait,
    empty where nothing is known. Gives, per trait and group (the largest first, those not known last): trait,
    group, customers, rows, real_rate (who did it), chosen_share (in the most likely fifth of their cut-off), auc,
    too_high (mean prediction less real rate), each with its _lower and _upper. Groups of fewer than LEAST_CUSTOMERS
    have sizes only.
    """
    known = [trait for trait in traits if trait in groups.columns]
    rows = with_plain_keys(oof)[[*KEYS, "label", "served"]].merge(
        with_plain_keys(groups)[[*KEYS, *known]], on=KEYS, how="left"
    )
    place = rows.groupby("as_of_date")["served"].rank(ascending=False, method="first", pct=True)
    rows = rows.assign(chosen=place <= CHOSEN_SHARE)
    lines = []
    for trait in known:
        group = rows[trait].fillna("").astype(str).replace("", NOT_KNOWN)
        sizes = rows.groupby(group)["customer_id"].nunique()
        names = sorted(sizes.index, key=lambda name: (name == NOT_KNOWN, -sizes[name], name))
        for name in names:
            lines.append({"trait": trait, "group": name, **_figures(rows[group == name], seed)})
    columns = [end for name in FIGURES for end in (name, f"{name}_lower", f"{name}_upper")]
    return pd.DataFrame(lines, columns=["trait", "group", "customers", "rows", *columns])


def _figures(rows: pd.DataFrame, seed: int) -> dict[str, float]:
    sizes: dict[str, float] = {"customers": rows["customer_id"].nunique(), "rows": len(rows)}
    if sizes["customers"] < LEAST_CUSTOMERS:
        return sizes
    y, p = rows["label"].to_numpy(dtype=float), rows["served"].to_numpy(dtype=float)
    chosen, ranked = rows["chosen"].to_numpy(dtype=float), RankedAuc.of(y, p)

    def figures(weight: np.ndarray) -> list[float]:
        total = weight.sum()
        rate = float(weight @ y / total)
        found = (rate, weight @ chosen / total, ranked.value(weight), weight @ p / total - rate)
        return [float(value) for value in found]

    drawn = np.array([figures(weight) for weight in customer_weights(rows["customer_id"], seed)])
    found = dict(sizes)
    for number, (name, value) in enumerate(zip(FIGURES, figures(np.ones(len(rows))), strict=True)):
        lower, upper = interval(drawn[:, number])
        found |= {name: value, f"{name}_lower": lower, f"{name}_upper": upper}
    return found
