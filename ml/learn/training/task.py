"""One training: what is asked, with which features, and how it tells of its progress."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ml.learn.models.trees import TreeSettings


@dataclass(frozen=True)
class Task:
    """The arguments of a training that its steps share."""

    target: str
    horizon_days: int
    feature_names: tuple[str, ...]
    rule_columns: tuple[str, ...]
    seed: int
    threads: int
    tell: Callable[[str], None]
    trees: TreeSettings = field(default_factory=TreeSettings)
    """Of the trees alone; those on the logistic model keep the defaults but for the directions."""

    def narrowed(self, feature_names: tuple[str, ...]) -> "Task":
        """Give the task with some of its features only, in this order."""
        bound = self.trees.monotone
        ways = dict(zip(self.feature_names, bound, strict=True)) if bound else {}
        kept = tuple(ways.get(name, 0) for name in feature_names) if bound else ()
        trees = replace(self.trees, monotone=kept)
        return replace(self, feature_names=feature_names, trees=trees)

    def on_logistic(self) -> TreeSettings:
        """Give the settings of the trees on the logistic model."""
        return TreeSettings(monotone=self.trees.monotone)
