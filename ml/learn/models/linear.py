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

from ml.learn.models.ridge import descend_path
from ml.learn.models.scaling import Scaler, blocks

Floats = NDArray[np.float64]

FAINT_RIDGE = 1e-6
"""Ridge per row of fits with two or three parameters: keeps them finite when a rule never errs."""

FEW_COLUMNS = 8
"""Up to so many columns Newton's method is as quick as any, and exact where a column nearly never errs."""


def sigmoid(logit: Floats) -> Floats:
    """Give probabilities from log-odds, without overflow at either end."""
    return 0.5 * (1.0 + np.tanh(0.5 * logit))


def one_blas_thread() -> threadpool_limits:
    """Hold BLAS to one thread for the length of a `with` block, in the whole process."""
    return threadpool_limits(limits=1, user_api="blas")


def fit_path(
    design: NDArray[Any], outcome: Floats, weights: Floats, ridges: Sequence[float]
) -> list[tuple[float, Floats]]:
    """Fit intercept and coefficients for each ridge, best given from strong to weak.

    The objective is the weighted *mean* log-loss plus ``ridge / 2`` times the squared
    coefficients, the intercept free, so that a ridge means the same for any number of rows.
    Each fit starts from the last one. More than FEW_COLUMNS are read in 32 bits.
    """
    if design.shape[1] > FEW_COLUMNS:
        with one_blas_thread():
            return descend_path(np.asarray(design, np.float32), outcome, weights, ridges)
    design = np.asarray(design, dtype=np.float64)
    model = LogisticRegression(solver="newton-cholesky", warm_start=True, tol=1e-6, max_iter=100)
    path = []
    with one_blas_thread():
        for ridge in ridges:
            model.set_params(C=1.0 / (ridge * float(weights.sum())))
            model.fit(design, outcome, sample_weight=weights)
            path.append((float(model.intercept_[0]), model.coef_[0].astype(np.float64)))
    return path


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
        return cls.fit_paths(values, outcome, [weights], ridges)[0]

    @classmethod
    def fit_paths(
        cls,
        values: NDArray[Any],
        outcome: Floats,
        several: Sequence[Floats],
        ridges: Sequence[float],
    ) -> list[list[Self]]:
        """Fit a path for each of ``several`` weights of the same rows; all models share one scaler."""
        scaler = Scaler.fit(values)
        used, width = scaler.used, values.shape[1]
        design = scaler.design(values) if used.any() else np.zeros((len(outcome), 1))
        paths = []
        for weights in several:
            path = []
            for intercept, coefficients in fit_path(design, outcome, weights, ridges):
                slopes = np.zeros(len(used))
                slopes[used] = coefficients[: int(used.sum())]
                path.append(cls(scaler, intercept, slopes[:width], slopes[width:]))
            paths.append(path)
        return paths

    @staticmethod
    def path_logits(path: Sequence["RegularisedLogistic"], values: NDArray[Any]) -> Floats:
        """Give the log-odds under every model of one scaler, shape (models, rows)."""
        slopes = np.array([m.slopes for m in path])
        missing_slopes = np.array([m.missing_slopes for m in path])
        logits = np.empty((len(path), len(values)))
        for rows in blocks(len(values)):
            standard, missing = path[0].scaler.transform(values[rows])
            # einsum without optimisation stays off BLAS, whose threads would move the last bits.
            logits[:, rows] = np.einsum("rf,mf->mr", standard, slopes)
            logits[:, rows] += np.einsum("rf,mf->mr", missing, missing_slopes)
        return logits + np.array([[m.intercept] for m in path])

    def logit(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds of each row, shape (rows,)."""
        logits = np.empty(len(values))
        for rows in blocks(len(values)):
            logits[rows] = _row_sums(self.contributions(values[rows]))
        return logits

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
