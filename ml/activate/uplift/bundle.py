"""A study as files, so that days between two fittings are scored by the same models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from ml.activate.uplift.boosting import Grown, finite
from ml.activate.uplift.judging import Line
from ml.activate.uplift.learners import Fitted, folds_of
from ml.activate.uplift.study import Blend, Served

PLAIN = "study.json"


@dataclass(frozen=True)
class EffectModel:
    """What serves one channel and outcome, and what was found when it was fitted.

    ``status`` is "scored" or "not_scored"; ``reason`` says why not, or why everybody gets the average. ``quality`` and
    ``curve`` are rows of the tables of the same names.
    """

    channel: str
    outcome: str
    sign: int
    horizon_days: int
    status: str
    reason: str | None
    is_causal: bool
    features: tuple[str, ...]
    folds: tuple[Served, ...]
    line: Line | None
    share: float
    rate_without: float
    quality: tuple[Mapping[str, Any], ...]
    curve: tuple[Mapping[str, float], ...]

    @property
    def is_ranked(self) -> bool:
        """Does it tell people apart?"""
        return self.status == "scored" and self.reason is None

    def effects(self, features: pd.DataFrame) -> pd.DataFrame:
        """Of each row: effect with effect_low and effect_high, and without, the chance without a message.

        `features` has customer_id and the features; a person who was in the experiment is scored by models that did
        not see that person. Raises ValueError when nothing is scored.
        """
        if self.line is None:
            raise ValueError(
                f"{self.outcome} by {self.channel} is {self.status}: there is no effect to give"
            )
        score, without = np.zeros(len(features)), np.full(len(features), self.rate_without)
        fold = folds_of(features["customer_id"])
        for number, served in enumerate(self.folds):
            here = np.flatnonzero(fold == number)
            if len(here):
                values = finite(features.iloc[here][list(self.features)].to_numpy())
                said = served.fitted.predict(values, self.share)
                score[here], without[here] = served.blend.of(said), said["without"]
        value, low, high = self.line.at(score)
        return pd.DataFrame(
            {"effect": value, "effect_low": low, "effect_high": high, "without": without},
            index=features.index,
        )

    def to_files(self) -> dict[str, bytes]:
        """The model as text files."""
        plain = {
            "channel": self.channel,
            "outcome": self.outcome,
            "sign": self.sign,
            "horizon_days": self.horizon_days,
            "status": self.status,
            "reason": self.reason,
            "is_causal": self.is_causal,
            "features": self.features,
            "folds": [
                {"blend": asdict(served.blend), "direction": served.fitted.direction}
                for served in self.folds
            ],
            "line": asdict(self.line) if self.line else None,
            "share": self.share,
            "rate_without": self.rate_without,
            "quality": self.quality,
            "curve": self.curve,
        }
        texts = {
            f"{number}-{name}.txt": model.text.encode()
            for number, served in enumerate(self.folds)
            for name, model in served.fitted.models.items()
        }
        return {PLAIN: json.dumps(plain, sort_keys=True, indent=1).encode(), **texts}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Take back what ``to_files`` gave. Raises ValueError, KeyError or TypeError on other files."""
        plain = json.loads(files[PLAIN])
        line = plain.pop("line")
        folds = []
        for number, fold in enumerate(plain.pop("folds")):
            models = {
                name.removeprefix(f"{number}-").removesuffix(".txt"): Grown(content.decode())
                for name, content in files.items()
                if name.startswith(f"{number}-")
            }
            blend = Blend(fold["blend"]["learner"], tuple(fold["blend"]["weights"]))
            folds.append(Served(Fitted(models, fold["direction"]), blend))
        return cls(
            folds=tuple(folds),
            line=Line(**line) if line else None,
            features=tuple(plain.pop("features")),
            quality=tuple(plain.pop("quality")),
            curve=tuple(plain.pop("curve")),
            **plain,
        )


def digest_of_files(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\0".encode())
    return digest.hexdigest()
