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
from ml.activate.uplift.learners import Fitted
from ml.activate.uplift.study import Blend

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
    blend: Blend | None
    fitted: Fitted | None
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

        Raises ValueError when nothing is scored.
        """
        if self.line is None:
            raise ValueError(
                f"{self.outcome} by {self.channel} is {self.status}: there is no effect to give"
            )
        score, without = np.zeros(len(features)), np.full(len(features), self.rate_without)
        if self.fitted is not None and self.blend is not None:
            said = self.fitted.predict(finite(features[list(self.features)]), self.share)
            score, without = self.blend.of(said), said["without"]
        value, low, high = self.line.at(score)
        return pd.DataFrame(
            {"effect": value, "effect_low": low, "effect_high": high, "without": without},
            index=features.index,
        )

    def to_files(self) -> dict[str, bytes]:
        """The model as text files."""
        models = self.fitted.models if self.fitted else {}
        plain = {
            "channel": self.channel,
            "outcome": self.outcome,
            "sign": self.sign,
            "horizon_days": self.horizon_days,
            "status": self.status,
            "reason": self.reason,
            "is_causal": self.is_causal,
            "features": self.features,
            "blend": asdict(self.blend) if self.blend else None,
            "direction": self.fitted.direction if self.fitted else None,
            "line": asdict(self.line) if self.line else None,
            "share": self.share,
            "rate_without": self.rate_without,
            "quality": self.quality,
            "curve": self.curve,
        }
        texts = {f"{name}.txt": model.text.encode() for name, model in models.items()}
        return {PLAIN: json.dumps(plain, sort_keys=True, indent=1).encode(), **texts}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Take back what ``to_files`` gave. Raises ValueError, KeyError or TypeError on other files."""
        plain = json.loads(files[PLAIN])
        models = {
            name.removesuffix(".txt"): Grown(content.decode())
            for name, content in files.items()
            if name.endswith(".txt")
        }
        direction, blend, line = plain.pop("direction"), plain.pop("blend"), plain.pop("line")
        return cls(
            fitted=Fitted(models, direction) if models else None,
            blend=Blend(blend["learner"], tuple(blend["weights"])) if blend else None,
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
