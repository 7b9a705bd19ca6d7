"""How often drift and leak alarms are false, and how often they see what was changed: figures of docs/trust.md.

`python -m tests.bench.bench_drift [--worlds 200] [--changed 40] [--leaks 0]` prints tables of small seeded brands
(about 600 people scored, ten cut-offs) of tests/learn/leak_worlds.py, with growth, seasons and trends of their own.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd

from ml.learn.judging.drift import SCORE, TOGETHER, drift_profile, drift_table
from tests.learn.leak_worlds import HORIZON, LAG, Brand, make_brand
from tests.learn.test_leaks import PLANTED, PLANTED_CUSTOMERS, plant, told

SORTS = ("a feature", "the score", "all together", "any")

Change = Callable[[pd.DataFrame], pd.DataFrame]

CHANGES: dict[str, Change] = {
    "visits are no longer delivered": lambda now: now.assign(
        visits_count_7d=0.0,
        visits_count_28d=0.0,
        visits_days_since_last=now["visits_days_since_last"] + HORIZON,
    ),
    "half the people's visits are lost": lambda now: now.assign(
        **{
            name: np.where(now["customer_id"] % 2 == 0, np.floor(now[name] / 2), now[name])
            for name in now
            if name.startswith("visits_count")
        }
    ),
    "tenure in weeks instead of days": lambda now: now.assign(tenure_days=now["tenure_days"] / 7),
    "a trait of a third is unknown": lambda now: now.assign(
        person_trait=now["person_trait"].where(now["customer_id"] % 3 > 0)
    ),
    "one in five is somebody new": lambda now: now.assign(
        **{
            name: np.where(now["customer_id"] % 5 == 0, np.minimum(now[name], most), now[name])
            for name, most in {
                "tenure_days": 20,
                "orders_count_all": 1,
                "orders_count_90d": 1,
                "visits_count_all": 2,
                "visits_count_90d": 2,
            }.items()
        }
    ),
}


def alarms(brand: Brand, change: Change | None = None) -> set[str]:
    """The sorts of alarm that a brand raises today, after a change or as it is."""
    past, now = brand.past, brand.now if change is None else change(brand.now)
    names = [n for n in past if n not in ("customer_id", "as_of_date", "label", "day")]
    profile = drift_profile(past, names, past.assign(served=_score(past)), HORIZON + LAG, seed=0)
    table = drift_table(profile, now, _score(now).to_numpy(), seed=0)
    raised = set(table.loc[table["alarm"], "feature"])
    sorts = {SORTS[1] for name in raised if name == SCORE}
    sorts |= {SORTS[2] for name in raised if name == TOGETHER}
    sorts |= {SORTS[0] for name in raised - {SCORE, TOGETHER}}
    return sorts | ({SORTS[3]} if raised else set())


def _score(people: pd.DataFrame) -> pd.Series:
    days = people["orders_days_since_last"].fillna(400)
    return 1 / (1 + np.exp(-0.2 * people["visits_count_28d"] + 0.02 * days + 0.5))


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--changed", type=int, default=40)
    parser.add_argument("--leaks", type=int, default=0)
    given = parser.parse_args()
    print(f"| brands | {' | '.join(SORTS)} |")
    print("|---" * (len(SORTS) + 1) + "|")
    cases: dict[str, tuple[Change | None, int]] = {f"{given.worlds} stable": (None, given.worlds)}
    cases |= {f"{given.changed}: {what}": (c, given.changed) for what, c in CHANGES.items()}
    for what, (change, worlds) in cases.items():
        found = Counter(sort for seed in range(worlds) for sort in alarms(make_brand(seed), change))
        shares = (f"{found[sort] / worlds:.1%}" for sort in SORTS)
        print(f"| {what} | {' | '.join(shares)} |", flush=True)
    for kind, values in PLANTED.items() if given.leaks else ():
        named = [
            told(*plant(make_brand(2000 + seed, PLANTED_CUSTOMERS, seed % 3 == 0), values))
            for seed in range(given.leaks)
        ]
        hits = sum("planted_column" in names for names in named)
        others = sum(bool(names - {"planted_column"}) for names in named)
        print(
            f"| {kind} | {hits} of {given.leaks} named | {others} with another named |", flush=True
        )


if __name__ == "__main__":
    main()
