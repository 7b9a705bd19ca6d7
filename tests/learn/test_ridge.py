"""The solver for many columns ends where Newton's method ends."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from ml.learn.models.linear import Floats, fit_path, sigmoid
from ml.learn.models.ridge import CURVATURE_ROWS

RIDGES = (0.3, 0.03, 0.001)


def drawn(rows: int, columns: int, base: float, seed: int) -> tuple[NDArray[np.float32], Floats]:
    """Columns of which some are nearly copies of others and some nearly always nought, and an outcome of some."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, columns))
    values[:, 1] = values[:, 0] + random.normal(scale=0.01, size=rows)
    values[:, 2] = values[:, 0]
    values[:, 3] = (random.random(rows) < 0.002) * 20.0
    logit = base + values[:, : columns // 2] @ random.normal(scale=0.5, size=columns // 2)
    outcome = (random.random(rows) < sigmoid(logit)).astype(np.float64)
    return values.astype(np.float32), outcome


def objective(
    values: NDArray[np.float32],
    outcome: Floats,
    weights: Floats,
    ridge: float,
    model: tuple[float, Floats],
) -> float:
    """The penalised mean log-loss, written out here."""
    intercept, slopes = model
    logit = values.astype(np.float64) @ slopes + intercept
    loss = np.average(np.logaddexp(0.0, logit) - outcome * logit, weights=weights)
    return float(loss + ridge / 2 * (slopes @ slopes))


@pytest.mark.parametrize(
    ("rows", "columns", "base"), [(3 * CURVATURE_ROWS, 30, -4.0), (2000, 40, 0.0), (60, 80, 1.0)]
)
def test_it_ends_where_newton_ends(rows: int, columns: int, base: float) -> None:
    values, outcome = drawn(rows, columns, base, rows)
    weights = 0.5 ** np.linspace(3.0, 0.0, rows)
    path = fit_path(values, outcome, weights, RIDGES)
    for ridge, found in zip(RIDGES, path, strict=True):
        newton = LogisticRegression(
            solver="newton-cholesky", C=1 / (ridge * weights.sum()), tol=1e-8, max_iter=200
        ).fit(values.astype(np.float64), outcome, sample_weight=weights)
        best = (float(newton.intercept_[0]), newton.coef_[0])
        reached = objective(values, outcome, weights, ridge, found)
        assert reached - objective(values, outcome, weights, ridge, best) < 1e-7
        error = values @ (found[1] - best[1]) + found[0] - best[0]
        assert np.sqrt(np.mean(error**2)) < 0.01


def test_equal_rows_give_equal_bits() -> None:
    values, outcome = drawn(4000, 50, -1.0, 3)
    first, second = (fit_path(values, outcome, np.ones(4000), RIDGES) for _ in range(2))
    assert all((a[1] == b[1]).all() and a[0] == b[0] for a, b in zip(first, second, strict=True))
