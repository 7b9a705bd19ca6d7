"""What is served beside a probability, as plain files: the curve, the value, the weights of the categories."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.learn.expected.amount import ValueModel
from ml.learn.expected.boosting import Boost
from ml.learn.expected.categories import Weights
from ml.learn.expected.timing import TimingModel, median_days
from ml.learn.models.linear import Floats

FORMAT = 1
JSON_FILE = "expected.json"
TIMING_FILE = "timing.txt"
VALUE_FILE = "value.txt"


@dataclass(frozen=True)
class Own:
    """The features that hold what a customer has brought so far, and in how many events; None: unknown."""

    total: str | None = None
    count: str | None = None


@dataclass(frozen=True)
class ExpectedBundle:
    """When, how much and what, for one target and horizon; what could not be learned is None.

    ``event_is_label`` tells whether value comes with the outcome (a purchase, a share) or with its
    absence (churn: who stays spends).
    """

    target: str
    horizon_days: int
    feature_names: tuple[str, ...]
    own: Own
    event_is_label: bool
    timing: TimingModel | None = None
    value: ValueModel | None = None
    weights: Weights | None = None

    @property
    def sha256(self) -> str:
        """Give the digest of all files."""
        digest = hashlib.sha256()
        for name, content in sorted(self.to_files().items()):
            digest.update(f"{name} {len(content)}\n".encode())
            digest.update(content)
        return digest.hexdigest()

    def survival(self, frame: pd.DataFrame, probability: Floats) -> NDArray[np.float64] | None:
        """Give the probability of no order before each day of the curve, (rows, days); None without a curve.

        Raises ValueError naming the features that ``frame`` lacks.
        """
        if self.timing is None:
            return None
        return self.timing.survival(probability, self._values(frame), self.horizon_days)

    def days(self, survival: NDArray[np.float64] | None, most_days: int) -> Floats | None:
        """Give the median of the curve, at most ``most_days``."""
        if self.timing is None or survival is None:
            return None
        return median_days(survival, self.timing.ends, most_days)

    def amount(self, frame: pd.DataFrame, probability: Floats) -> Floats | None:
        """Give the probability of the outcome times the value at stake, shape (rows,); None without a value.

        For churn the value is what the customer would spend if it stayed.
        """
        if self.value is None:
            return None
        return probability * self.given_event(self.value, frame, probability)

    def given_event(self, value: ValueModel, frame: pd.DataFrame, probability: Floats) -> Floats:
        """Give what a value model expects if the event comes, from the probability of the outcome."""
        event = probability if self.event_is_label else 1.0 - probability
        total, count = own_columns(frame, self.own)
        return value.given_event(event, total, count, self._values(frame))

    def to_files(self) -> dict[str, bytes]:
        """Give canonical bytes by file name: equal models give equal bytes."""
        trees = {
            TIMING_FILE: self.timing and self.timing.trees,
            VALUE_FILE: self.value and self.value.trees,
        }
        content = {
            "format": FORMAT,
            "target": self.target,
            "horizon_days": self.horizon_days,
            "feature_names": list(self.feature_names),
            "own": asdict(self.own),
            "event_is_label": self.event_is_label,
            "timing": _plain(self.timing),
            "value": _plain(self.value),
            "weights": self.weights,
        }
        text = json.dumps(content, sort_keys=True, indent=1, allow_nan=False)
        grown = {name: boost.text.encode() for name, boost in trees.items() if boost}
        return {JSON_FILE: text.encode(), **grown}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Take back what ``to_files`` gave. Raises ValueError on another format or a missing file."""
        content: dict[str, Any] = json.loads(files.get(JSON_FILE, b"{}"))
        if content.get("format") != FORMAT:
            raise ValueError(
                f"this version reads expectations of format {FORMAT}, found {content.get('format')!r}"
            )
        timing, value = content["timing"], content["value"]
        if timing is not None:
            timing = TimingModel(
                tuple(timing["ends"]),
                tuple(timing["intercepts"]),
                tuple(timing["slopes"]),
                _boost(timing["has_trees"], files, TIMING_FILE),
            )
        if value is not None:
            grown = _boost(value.pop("has_trees"), files, VALUE_FILE)
            value = ValueModel(**value, trees=grown)
        weights = content["weights"]
        return cls(
            content["target"],
            content["horizon_days"],
            tuple(content["feature_names"]),
            Own(**content["own"]),
            content["event_is_label"],
            timing,
            value,
            None if weights is None else (weights[0], weights[1], weights[2]),
        )

    def _values(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        missing = [name for name in self.feature_names if name not in frame.columns]
        if missing:
            raise ValueError(
                f"what to expect of {self.target} is read from {len(self.feature_names)} features; "
                f"{len(missing)} are not in the table: {', '.join(missing[:10])}"
            )
        return frame[list(self.feature_names)].to_numpy(dtype=np.float32, na_value=np.nan)


def own_columns(frame: pd.DataFrame, own: Own) -> tuple[Floats, Floats]:
    """Give what each customer has brought so far, and in how many events; zeros where that is unknown."""
    nothing = np.zeros(len(frame))
    if own.total is None or own.count is None:
        return nothing, nothing
    total, count = (
        np.nan_to_num(frame[name].to_numpy(dtype=np.float64, na_value=np.nan))
        for name in (own.total, own.count)
    )
    return total, count


def _plain(model: TimingModel | ValueModel | None) -> dict[str, Any] | None:
    if model is None:
        return None
    plain = {name: getattr(model, name) for name in model.__dataclass_fields__ if name != "trees"}
    return plain | {"has_trees": model.trees is not None}


def _boost(there: bool, files: Mapping[str, bytes], name: str) -> Boost | None:
    if not there:
        return None
    if name not in files:
        raise ValueError(f"the file {name} of the trees is missing, found {sorted(files)}")
    return Boost(files[name].decode())
