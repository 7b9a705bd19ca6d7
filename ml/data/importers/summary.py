"""What an import did, for the person who started it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class ImportSummary:
    """Rows written per entity, and the span of the history they hold (brand time)."""

    source: str
    read_from: Path
    rows: dict[str, int]
    first_occurred_at: datetime
    last_occurred_at: datetime

    def __str__(self) -> str:
        parts = ", ".join(f"{count:,} {entity}" for entity, count in self.rows.items())
        first, last = self.first_occurred_at, self.last_occurred_at
        return f"{self.source}: {parts}; from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
