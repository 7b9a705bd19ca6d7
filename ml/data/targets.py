"""The list of what is predicted."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ml.errors import KithError
from ml.home import SEEDS

DEFAULT_TARGETS = SEEDS / "targets.csv"
MOST_DAYS = 36_500
REQUIRED = ("target", "horizon_days", "population_days")


@dataclass(frozen=True, order=True)
class Target:
    """One thing to predict: what, within how many days, for people active in how many days before."""

    name: str
    horizon_days: int
    population_days: int

    @property
    def key(self) -> str:
        """The name under which its models are tracked."""
        return f"{self.name}_{self.horizon_days}d"


def known_targets() -> list[str]:
    """Names for which the dbt project has a label model."""
    folder = SEEDS.parent / "models" / "labels"
    return sorted(path.stem.removeprefix("lbl_") for path in folder.glob("lbl_*.sql"))


def read_targets(path: Path | None = None) -> list[Target]:
    """Read a targets file (default: the seed), ordered by target and horizon.

    Raises:
        KithError: the file is unreadable, lacks a column, names an unknown target, repeats a key, or
            holds days that are not whole positive numbers.
    """
    path = path or DEFAULT_TARGETS
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = [
                {key.strip(): (value or "").strip() for key, value in row.items() if key}
                for row in reader
            ]
            header = [name.strip() for name in reader.fieldnames or []]
    except (OSError, UnicodeDecodeError) as error:
        raise KithError(f"The targets file {path} cannot be read: {error}.") from error
    if missing := [name for name in REQUIRED if name not in header]:
        raise KithError(
            f"The targets file {path} lacks the column {', '.join(missing)}; it needs {','.join(REQUIRED)}."
        )
    targets = [_target(row, number, path) for number, row in enumerate(rows, start=1)]
    keys = [(target.name, target.horizon_days) for target in targets]
    if repeated := {key for key in keys if keys.count(key) > 1}:
        name, horizon = sorted(repeated)[0]
        raise KithError(
            f"The targets file {path} lists {name} with horizon {horizon} more than once; keep one row."
        )
    return sorted(targets)


def _target(row: dict[str, str], number: int, path: Path) -> Target:
    if row["target"] not in known_targets():
        raise KithError(
            f"The targets file {path}, row {number}: '{row['target']}' is not a known target. "
            f"Known: {', '.join(known_targets())}."
        )
    days = []
    for name in REQUIRED[1:]:
        if not row[name].isdecimal() or not 1 <= int(row[name]) <= MOST_DAYS:
            raise KithError(
                f"The targets file {path}, row {number}: {name} must be a whole number of days from 1 to "
                f"{MOST_DAYS:,}, found '{row[name]}'."
            )
        days.append(int(row[name]))
    return Target(row["target"], *days)
