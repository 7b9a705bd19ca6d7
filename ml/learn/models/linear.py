"""Logistic regression in its two plain uses: one column as a rule, all columns under a ridge.

Arithmetic runs on one BLAS thread, so that equal rows in equal order give equal bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float64]

FAINT_RIDGE = 1e-6
"""Ridge per row of fits with two or three parameters: keeps them finite when a rule never errs."""

OUTER_SHARE = 0.001
"""Share of rows at each end of a column that is drawn in: one inviter may make a seventh of all."""


def sigmoid(logit: Floats) -> Floats:
    """Give probabilities from log-odds, without overflow at either end."""
    return 0.5 * (1.0 + np.tanh(0.5 * logit))


def signed_log(values: NDArray[Any]) -> Floats:
    """Give ``sign(x) * log(1 + |x|)`` as 64-bit floats; infinite becomes missing (NaN)."""
    raw = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(raw), np.sign(raw) * np.log1p(np.abs(raw)), np.nan)


def one_blas_thread() -> threadpool_limits:
    """Hold BLAS to one thread for the length of a `with` block, in the whole process."""
    return threadpool_limits(limits=1, user_api="blas")


def fit_path(
    design: Floats, outcome: Floats, weights: Floats, ridges: Sequence[float]
) -> list[tuple[float, Floats]]:
    """Fit intercept and coefficients for each ridge, best given from strong to weak.

    The objective is the weighted *mean* log-loss plus ``ridge / 2`` times the squared
    coefficients, the intercept free, so that a ridge means the same for any number of rows.
    Each fit starts from the last one.
    """
    model = LogisticRegression(solver="newton-cholesky", warm_start=True, tol=1e-6, max_iter=100)
    path = []
    with one_blas_thread():
        for ridge in ridges:
            model.set_params(C=1.0 / (ridge * float(weights.sum())))
            model.fit(design, outcome, sample_weight=weights)
            path.append((float(model.intercept_[0]), model.coef_[0].astype(np.float64)))
    return path


@dataclass(frozen=True)
class Scaler:
    """Makes columns fit for a linear model: signed log, outer values drawn in, standardised.

    A missing value takes the column's mean and raises the column's missing indicator. All arrays
    have shape (features,); ``scale`` is 0 for a column without variation, which is left out.
    """

    low: Floats
    high: Floats
    mean: Floats
    scale: Floats
    has_missing: NDArray[np.bool_]

    @classmethod
    def fit(cls, values: NDArray[Any]) -> Self:
        """Learn the borders from ``values``, shape (rows, features), NaN = missing."""
        figures = np.zeros((4, values.shape[1]))
        has_missing = np.zeros(values.shape[1], dtype=bool)
        figures[1] = 1.0
        for column in range(values.shape[1]):
            logs = signed_log(values[:, column])
            known = np.sort(logs[~np.isnan(logs)])
            has_missing[column] = 0 < len(known) < len(logs)
            if len(known):
                cut = int(len(known) * OUTER_SHARE)
                low, high = known[cut], known[len(known) - 1 - cut]
                inner = np.clip(known, low, high)
                deviation = inner.std()
                scale = deviation if deviation > 1e-9 else 0.0
                figures[:, column] = low, high, inner.mean(), scale
        low_, high_, mean_, scale_ = figures
        return cls(low_, high_, mean_, scale_, has_missing)

    def transform(self, values: NDArray[Any]) -> tuple[Floats, Floats]:
        """Give the standardised columns and the missing indicators, both (rows, features)."""
        logs = signed_log(values)
        missing = np.isnan(logs)
        safe_scale = np.where(self.scale > 0, self.scale, 1.0)
        standard = (np.clip(logs, self.low, self.high) - self.mean) / safe_scale
        standard[missing] = 0.0
        standard *= self.scale > 0
        return standard, (missing & self.has_missing).astype(np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Give the plain numbers, for JSON."""
        return {name: getattr(self, name).tolist() for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """Take back what ``to_dict`` gave."""
        floats = {
            k: np.asarray(plain[k], dtype=np.float64) for k in ("low", "high", "mean", "scale")
        }
        return cls(**floats, has_missing=np.asarray(plain["has_missing"], dtype=bool))


@dataclass(frozen=True)
class RegularisedLogistic:
    """A ridge logistic model on all features, each as standardised value and missing indicator."""

    kind: ClassVar[str] = "logistic"
    scaler: Scaler
    intercept: float
    slopes: Floats
    missing_slopes: Floats

    @classmethod
    def fit_path(
        cls, values: NDArray[Any], outcome: Floats, weights: Floats, ridges: Sequence[float]
    ) -> list[Self]:
        """Fit one model per ridge (see ``fit_path`` above) on ``values`` (rows, features)."""
        scaler = Scaler.fit(values)
        standard, missing = scaler.transform(values)
        used = np.concatenate([scaler.scale > 0, scaler.has_missing])
        design = np.hstack([standard, missing])[:, used]
        if not used.any():
            design = np.zeros((len(outcome), 1))
        models = []
        for intercept, coefficients in fit_path(design, outcome, weights, ridges):
            slopes = np.zeros(len(used))
            slopes[used] = coefficients[: int(used.sum())]
            width = values.shape[1]
            models.append(cls(scaler, intercept, slopes[:width], slopes[width:]))
        return models

    @staticmethod
    def path_logits(path: Sequence["RegularisedLogistic"], values: NDArray[Any]) -> Floats:
        """Give the log-odds under every model of one path, shape (models, rows)."""
        standard, missing = path[0].scaler.transform(values)
        # einsum without optimisation stays off BLAS, whose threads would move the last bits.
        return np.asarray(
            np.einsum("rf,mf->mr", standard, np.array([m.slopes for m in path]))
            + np.einsum("rf,mf->mr", missing, np.array([m.missing_slopes for m in path]))
            + np.array([[m.intercept] for m in path])
        )

    def logit(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds of each row, shape (rows,)."""
        return _row_sums(self.contributions(values))

    def predict(self, values: NDArray[Any]) -> Floats:
        """Give the probability of each row, shape (rows,)."""
        return sigmoid(self.logit(values))

    def contributions(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds terms, shape (rows, features + 1), the intercept last.

        A term is measured from the average customer: 0 where a value is usual.
        """
        standard, missing = self.scaler.transform(values)
        terms = standard * self.slopes + missing * self.missing_slopes
        return np.column_stack([terms, np.full(len(terms), self.intercept)])

    def to_parts(self) -> tuple[dict[str, Any], str | None]:
        """Give the plain numbers and (for trees only) the model text."""
        return {
            "scaler": self.scaler.to_dict(),
            "intercept": self.intercept,
            "slopes": self.slopes.tolist(),
            "missing_slopes": self.missing_slopes.tolist(),
        }, None

    @classmethod
    def from_parts(cls, plain: dict[str, Any], text: str | None = None) -> Self:
        """Take back what ``to_parts`` gave."""
        return cls(
            Scaler.from_dict(plain["scaler"]),
            float(plain["intercept"]),
            np.asarray(plain["slopes"], dtype=np.float64),
            np.asarray(plain["missing_slopes"], dtype=np.float64),
        )


@dataclass(frozen=True)
class SimpleRule:
    """One column, turned into a probability: a logistic curve over its signed log.

    The order of the customers is the column's own; missing values get their own level.
    """

    kind: ClassVar[str] = "rule"
    column: int
    features: int
    model: RegularisedLogistic

    @classmethod
    def fit(cls, values: NDArray[Any], outcome: Floats, weights: Floats, column: int) -> Self:
        """Fit on column number ``column`` of ``values`` (rows, features)."""
        one = values[:, column : column + 1]
        (model,) = RegularisedLogistic.fit_path(one, outcome, weights, [FAINT_RIDGE])
        return cls(column, values.shape[1], model)

    def logit(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds of each row, shape (rows,)."""
        return self.model.logit(values[:, self.column : self.column + 1])

    def predict(self, values: NDArray[Any]) -> Floats:
        """Give the probability of each row, shape (rows,)."""
        return sigmoid(self.logit(values))

    def contributions(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds terms, shape (rows, features + 1), the intercept last."""
        terms = np.zeros((len(values), self.features + 1))
        own = self.model.contributions(values[:, self.column : self.column + 1])
        terms[:, self.column], terms[:, -1] = own[:, 0], own[:, 1]
        return terms

    def to_parts(self) -> tuple[dict[str, Any], str | None]:
        """Give the plain numbers and (for trees only) the model text."""
        inner, _ = self.model.to_parts()
        return {"column": self.column, "features": self.features, "model": inner}, None

    @classmethod
    def from_parts(cls, plain: dict[str, Any], text: str | None = None) -> Self:
        """Take back what ``to_parts`` gave."""
        inner = RegularisedLogistic.from_parts(plain["model"])
        return cls(int(plain["column"]), int(plain["features"]), inner)


def _row_sums(terms: Floats) -> Floats:
    """Sum each row by itself, so that a row's result does not depend on its company."""
    return np.asarray(np.ascontiguousarray(terms).sum(axis=1), dtype=np.float64)
