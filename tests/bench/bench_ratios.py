"""What the measurements say: growth, overhead, increments, memory, each held against its goal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FLOW_LAYERS = {
    "landing": ("landing", "check landing"),
    "identity": ("identity",),
    "events": ("events",),
    "features": ("features", "check features"),
    "labels": ("labels",),
    "training": ("train", "promote"),
    "scoring": ("score",),
    "tables": ("tables", "check scores", "audit"),
    "publishing": ("publish",),
}
"""Which stages make up a layer of the design."""
BUILDING = (
    "landing",
    "check landing",
    "identity",
    "events",
    "features",
    "check features",
    "labels",
)
"""Stages that grow with the number of snapshots or come before them."""
FIXED_SECONDS_OF_A_DAY = 30


@dataclass(frozen=True)
class Goal:
    """A figure that should stay at or below a limit (or reach it, where more is better)."""

    what: str
    limit: float
    unit: str = ""
    more_is_better: bool = False

    def verdict(self, found: float) -> str:
        """Reached, or missed by how much."""
        if found >= self.limit if self.more_is_better else found <= self.limit:
            return "reached"
        times = self.limit / found if self.more_is_better else found / self.limit
        return f"missed, {times:.1f} times off"


GOALS = {
    "overhead": Goal("whole day ÷ the same SQL and predictions, bare", 1.25),
    "fixed": Goal("seconds that do not grow with the data", 60, "s"),
    "time exponent": Goal("exponent of processor time over size", 1.05),
    "memory exponent": Goal("exponent of peak memory over size", 0.5),
    "increment": Goal("one new day ÷ (1.3 × one snapshot's share of the rebuild + 30 s)", 1.0),
    "memory": Goal("peak memory at 50 million lines", 6, "GB"),
    "pandas": Goal("pandas' seconds ÷ Kith's", 5, "×", more_is_better=True),
    "polars": Goal("Polars' seconds ÷ Kith's", 1, "×", more_is_better=True),
    "spark": Goal("Spark's seconds ÷ Kith's", 1, "×", more_is_better=True),
    "scoring": Goal("rows a second ÷ LightGBM's predict", 3, "×", more_is_better=True),
}


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The slope of log(value) over log(size), by least squares: 1 is growth in step with the data.

    Args:
        sizes: two different sizes at least, all positive.
        values: what was measured at each, positive.

    Raises:
        ValueError: fewer than two sizes differ, or something is not positive.
    """
    if len(sizes) != len(values) or len(set(sizes)) < 2 or min(*sizes, *values) <= 0:
        raise ValueError(
            f"an exponent needs two sizes and positive values; found {sizes}, {values}"
        )
    x, y = [math.log(size) for size in sizes], [math.log(value) for value in values]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((a - middle_x) ** 2 for a in x)
    return sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)) / spread


def fixed_part(sizes: Sequence[float], values: Sequence[float]) -> float:
    """What would remain at size 0, by the line through the smallest and the largest size; never below 0."""
    by_size = sorted(range(len(sizes)), key=sizes.__getitem__)
    low, high = by_size[0], by_size[-1]
    slope = (values[high] - values[low]) / (sizes[high] - sizes[low])
    return max(values[low] - slope * sizes[low], 0.0)


def increment(new_day: float, rebuild: float, snapshots: int) -> float:
    """One new day against what it may take: 1.3 times one snapshot's share of the rebuild, and 30 s."""
    return new_day / (1.3 * rebuild / snapshots + FIXED_SECONDS_OF_A_DAY)


def layers(stages: Mapping[str, Mapping[str, float]], figure: str) -> dict[str, float]:
    """A figure of the stages by layer: the largest where it is memory, otherwise the sum."""
    found = {}
    for layer, members in FLOW_LAYERS.items():
        values = [stages[stage][figure] for stage in members if stage in stages]
        if values:
            found[layer] = max(values) if figure == "memory" else sum(values)
    return found


def parts_of_overhead(whole: float, parts: Mapping[str, float], bare: float) -> dict[str, float]:
    """The overhead in units of the bare work: in all, by part, and what no part explains."""
    shares = {name: seconds / bare for name, seconds in parts.items()}
    rest = (whole - bare - sum(parts.values())) / bare
    return {"whole": whole / bare, **shares, "the rest": rest}
