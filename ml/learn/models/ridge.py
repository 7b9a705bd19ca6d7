"""The solver of the ridge logistic model on many columns: a path of ridges, each from the last one's end.

Newton's method would build the matrix of second derivatives at every step, which is nearly all of its cost.
Here it is built once per ridge, from some of the rows and in 32 bits, and only to straighten the space in which
L-BFGS (Byrd, Lu, Nocedal and Zhu 1995) descends: preconditioning changes the way, not where it leads. Ten or
twenty gradients are enough then, and a rough matrix costs a few more of them, never the answer.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.linalg.blas import ssyrk
from scipy.optimize import minimize

Floats = NDArray[np.float64]

CURVATURE_ROWS = 10_000
"""Rows, at most, that the matrix of second derivatives is taken from."""

LEAST_CURVATURE = 1e-7
"""Added where the matrix has no ridge, at the intercept, so that it can be inverted."""

STOP = {"gtol": 1e-6, "ftol": 1e-9, "maxiter": 200}
"""The largest slope, and the saved share of the objective, at which the descent ends."""


def descend_path(
    design: NDArray[np.float32], outcome: Floats, weights: Floats, ridges: Sequence[float]
) -> list[tuple[float, Floats]]:
    """Fit intercept and coefficients for each ridge, best given from strong to weak.

    ``design`` has shape (rows, columns), each row contiguous and each column about standardised; the
    objective is that of ``linear.fit_path``. Hold BLAS to one thread for equal bits.
    """
    share = weights / weights.sum()
    rate = float(share @ outcome)
    point = np.zeros(design.shape[1] + 1)
    point[0] = np.log(rate) - np.log1p(-rate)
    path = []
    for ridge in ridges:
        point = _descend(design, outcome, share, ridge, point)
        path.append((float(point[0]), point[1:]))
    return path


def _descend(
    design: NDArray[np.float32], outcome: Floats, share: Floats, ridge: float, start: Floats
) -> Floats:
    """Give intercept and coefficients, (columns + 1,), of one ridge."""
    faint = np.full(len(start), ridge)
    faint[0] = LEAST_CURVATURE
    root = cholesky(_curvature(design, share, start) + np.diag(faint))

    def objective(straight: Floats) -> tuple[float, Floats]:
        point = solve_triangular(root, straight)
        slopes = point[1:]
        logit = (design @ slopes.astype(np.float32)).astype(np.float64) + point[0]
        loss = share @ (np.logaddexp(0.0, logit) - outcome * logit)
        error = share * (_sigmoid(logit) - outcome)
        gradient = np.empty(len(point))
        gradient[0] = error.sum()
        gradient[1:] = (error.astype(np.float32) @ design) + ridge * slopes
        value = float(loss + 0.5 * ridge * (slopes @ slopes))
        return value, solve_triangular(root, gradient, trans="T")

    found = minimize(objective, root @ start, jac=True, method="L-BFGS-B", options=STOP)
    return np.asarray(solve_triangular(root, found.x), dtype=np.float64)


def _curvature(design: NDArray[np.float32], share: Floats, point: Floats) -> Floats:
    """Give the upper half of the second derivatives of the loss at a point, (columns + 1, columns + 1)."""
    some = slice(None, None, -(-len(design) // CURVATURE_ROWS))
    rows, weight = design[some], share[some]
    probability = _sigmoid(rows @ point[1:].astype(np.float32) + point[0])
    root = np.sqrt(weight * probability * (1.0 - probability) / weight.sum())
    scaled = np.empty((len(rows), len(point)), dtype=np.float32)
    scaled[:, 0] = root
    np.multiply(rows, root.astype(np.float32)[:, None], out=scaled[:, 1:])
    return np.asarray(ssyrk(1.0, scaled.T), dtype=np.float64)


def _sigmoid(logit: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logit)), dtype=np.float64)
