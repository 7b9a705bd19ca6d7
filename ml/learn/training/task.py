"""One training: what is asked, with which features, and how it tells of its progress."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """The arguments of a training that its steps share."""

    target: str
    horizon_days: int
    feature_names: tuple[str, ...]
    rule_columns: tuple[str, ...]
    seed: int
    threads: int
    tell: Callable[[str], None]
