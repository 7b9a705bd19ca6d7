"""A model that also reads the three columns a buy-till-you-die curve derives from its features."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ml.learn.models.blend import Blend
from ml.learn.models.lifetime_model import LifetimeInputs
from ml.learn.models.linear import Floats, RegularisedLogistic
from ml.learn.models.trees import BoostedTrees

Inner = RegularisedLogistic | BoostedTrees | Blend


@dataclass(frozen=True)
class ExtendedModel:
    """``inner`` on the features and ``inputs``' three columns behind them; sorts of ``inner`` keep their name."""

    inputs: LifetimeInputs
    inner: Inner

    @property
    def kind(self) -> str:
        """Name the sort of model that reads the columns."""
        return self.inner.kind

    def logit(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds of each row, shape (rows,)."""
        return self.inner.logit(self.inputs.extend(values))

    def predict(self, values: NDArray[Any]) -> Floats:
        """Give the probability of each row, shape (rows,)."""
        return self.inner.predict(self.inputs.extend(values))

    def contributions(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds terms, shape (rows, features + 1), the bias last; see LifetimeInputs."""
        if not len(values):
            return np.zeros((0, values.shape[1] + 1))
        return self.inputs.credit(self.inner.contributions(self.inputs.extend(values)))

    def to_parts(self) -> tuple[dict[str, Any], str | None]:
        """Give the plain numbers and (for trees only) the model text."""
        plain, text = self.inner.to_parts()
        return plain | {"lifetime_inputs": self.inputs.to_dict()}, text

    @classmethod
    def around(cls, inner: Inner, plain: dict[str, Any]) -> Self | Inner:
        """Put the inputs that ``to_parts`` told around a model read back; without any, give it as it is."""
        if "lifetime_inputs" not in plain:
            return inner
        return cls(LifetimeInputs.from_dict(plain["lifetime_inputs"]), inner)
