"""From days of the simulation to instants of the brand's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Instants = npt.NDArray[np.datetime64]
HOUR, DAY = 3600, 86_400


@dataclass(frozen=True)
class Clock:
    """Counts seconds since the simulation began; ``end`` is where the landing zone ends."""

    first_day: date
    end: date

    @property
    def end_second(self) -> int:
        """The end in seconds since the beginning (exclusive)."""
        return (self.end - self.first_day).days * DAY

    def instants(self, seconds: npt.ArrayLike) -> Instants:
        """Instants to the second, in brand time."""
        start = np.datetime64(self.first_day, "s")
        return start + np.asarray(seconds, dtype=np.int64).astype("timedelta64[s]")


def seconds_of_day(hour: npt.NDArray[np.float64], spread: float, rng: np.random.Generator) -> Ints:
    """Times of day around each person's habitual hour, between 06:00 and 23:30."""
    drawn = np.clip(rng.normal(hour, spread), 6.0, 23.5) * HOUR
    seconds: Ints = np.minimum(drawn.astype(np.int64), int(23.5 * HOUR) - 1)
    return seconds + rng.integers(0, 30, len(hour))


def upload_delay(source: str, count: int, rng: np.random.Generator) -> Ints:
    """Seconds between a fact and the brand's learning of it, by source."""
    if source == "marketplace":
        return rng.integers(2 * HOUR, 40 * HOUR, count)
    if source == "till":
        night = rng.integers(3 * HOUR, 14 * HOUR, count)
        # Now and then a shop is offline over a weekend.
        offline = rng.random(count) < 0.03
        return night + np.where(offline, rng.integers(DAY, 3 * DAY, count), 0)
    if source == "service":
        return rng.integers(0, 10 * HOUR, count)
    return np.zeros(count, dtype=np.int64)
