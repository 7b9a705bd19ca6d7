"""What is served, as plain files: a model, its calibrator, its features, what it was trained on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ml.learn.models.linear import Floats
from ml.learn.models.parts import Model, model_from_parts
from ml.learn.training.calibration import Calibrator

FORMAT = 1
JSON_FILE = "bundle.json"
TEXT_FILE = "model.txt"


@dataclass(frozen=True)
class ModelBundle:
    """A model ready to score one target.

    ``cutoffs`` are the days it was fitted on, ``trained_until`` the exclusive end of its last label
    window, ``base_rate`` the rate at the latest of them, ``grade`` A to D.
    """

    target: str
    horizon_days: int
    feature_names: tuple[str, ...]
    model: Model
    calibrator: Calibrator
    grade: str
    base_rate: float
    cutoffs: tuple[date, ...]
    trained_until: date

    @property
    def kind(self) -> str:
        """Name the sort of model: rule, logistic, trees or trees_on_logistic."""
        return self.model.kind

    @property
    def sha256(self) -> str:
        """Give the digest of all files, which names the content."""
        digest = hashlib.sha256()
        for name, content in sorted(self.to_files().items()):
            digest.update(f"{name} {len(content)}\n".encode())
            digest.update(content)
        return digest.hexdigest()

    @property
    def version(self) -> str:
        """Give the first 12 characters of ``sha256``."""
        return self.sha256[:12]

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Give the probability of each row of ``frame``, shape (rows,), in its order.

        Raises ValueError naming the features that ``frame`` lacks.
        """
        values = self._values(frame)
        if not len(values):
            return np.zeros(0)
        return self.calibrator.predict(self.model.logit(values))

    def contributions(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give what each feature adds to the log-odds: one column per feature and "bias" last.

        Rows sum to the model's log-odds before calibration. Raises ValueError as ``predict`` does.
        """
        values = self._values(frame)
        width = len(self.feature_names) + 1
        terms = self.model.contributions(values) if len(values) else np.zeros((0, width))
        return pd.DataFrame(terms, index=frame.index, columns=[*self.feature_names, "bias"])

    def to_files(self) -> dict[str, bytes]:
        """Give the bundle as canonical bytes by file name: equal models give equal bytes."""
        plain, text = self.model.to_parts()
        content = {
            "format": FORMAT,
            "target": self.target,
            "horizon_days": self.horizon_days,
            "feature_names": list(self.feature_names),
            "kind": self.kind,
            "model": plain,
            "calibrator": self.calibrator.to_dict(),
            "grade": self.grade,
            "base_rate": self.base_rate,
            "cutoffs": [day.isoformat() for day in self.cutoffs],
            "trained_until": self.trained_until.isoformat(),
        }
        files = {JSON_FILE: json.dumps(content, sort_keys=True, indent=1, allow_nan=False).encode()}
        return files if text is None else files | {TEXT_FILE: text.encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Take back what ``to_files`` gave.

        Raises ValueError when ``bundle.json`` is missing or of another format.
        """
        if JSON_FILE not in files:
            raise ValueError(f"a model bundle holds {JSON_FILE}, found {sorted(files)}")
        content: dict[str, Any] = json.loads(files[JSON_FILE])
        if content.get("format") != FORMAT:
            raise ValueError(
                f"this version reads model bundles of format {FORMAT}, "
                f"found {content.get('format')!r}"
            )
        text = files[TEXT_FILE].decode() if TEXT_FILE in files else None
        return cls(
            target=content["target"],
            horizon_days=content["horizon_days"],
            feature_names=tuple(content["feature_names"]),
            model=model_from_parts(content["kind"], content["model"], text),
            calibrator=Calibrator(**content["calibrator"]),
            grade=content["grade"],
            base_rate=content["base_rate"],
            cutoffs=tuple(date.fromisoformat(day) for day in content["cutoffs"]),
            trained_until=date.fromisoformat(content["trained_until"]),
        )

    def _values(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        missing = [name for name in self.feature_names if name not in frame.columns]
        if missing:
            raise ValueError(
                f"the model for {self.target} reads {len(self.feature_names)} features; "
                f"{len(missing)} are not in the table: {', '.join(missing[:10])}"
            )
        return frame[list(self.feature_names)].to_numpy(dtype=np.float32, na_value=np.nan)
