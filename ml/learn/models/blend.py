"""The mean of two models' log-odds: what a line sees and what trees see, half each.

Their errors differ, so the mean is steadier than either (Bates and Granger 1969, "The Combination of
Forecasts"). Half each, since weights fitted out of fold would be one more thing to overfit.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from ml.learn.models.linear import Floats, RegularisedLogistic, sigmoid
from ml.learn.models.trees import BoostedTrees


@dataclass(frozen=True)
class Blend:
    """The logistic model and the trees alone, both on the same columns."""

    kind: ClassVar[str] = "blend"
    logistic: RegularisedLogistic
    trees: BoostedTrees

    def logit(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds of each row, shape (rows,)."""
        return 0.5 * (self.logistic.logit(values) + self.trees.logit(values))

    def predict(self, values: NDArray[Any]) -> Floats:
        """Give the probability of each row, shape (rows,)."""
        return sigmoid(self.logit(values))

    def contributions(self, values: NDArray[Any]) -> Floats:
        """Give the log-odds terms, shape (rows, features + 1), the bias last: half of each model's."""
        return 0.5 * (self.logistic.contributions(values) + self.trees.contributions(values))

    def to_parts(self) -> tuple[dict[str, Any], str | None]:
        """Give the plain numbers and the model text of the trees."""
        return {"logistic": self.logistic.to_parts()[0]}, self.trees.text

    @classmethod
    def from_parts(cls, plain: dict[str, Any], text: str | None = None) -> Self:
        """Take back what ``to_parts`` gave. Raises ValueError without the model text."""
        trees = BoostedTrees.from_parts({"base": None}, text)
        return cls(RegularisedLogistic.from_parts(plain["logistic"]), trees)
