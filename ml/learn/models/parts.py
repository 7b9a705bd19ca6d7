"""The sorts of model that can be served, and how each is read back from plain parts.

Every model has ``logit``, ``predict`` and ``contributions`` on values of shape (rows, features),
NaN = missing, and ``to_parts``: a dict of plain numbers and, for trees, LightGBM's text. Nothing is
ever pickled: a file that can run code does not belong in a registry.
"""

from typing import Any

from ml.learn.models.linear import RegularisedLogistic, SimpleRule
from ml.learn.models.trees import BoostedTrees

Model = SimpleRule | RegularisedLogistic | BoostedTrees

CLASSES: dict[str, type[Model]] = {
    "rule": SimpleRule,
    "logistic": RegularisedLogistic,
    "trees": BoostedTrees,
    "trees_on_logistic": BoostedTrees,
}


def model_from_parts(kind: str, plain: dict[str, Any], text: str | None) -> Model:
    """Take back a model from its kind and the parts ``to_parts`` gave.

    Raises ValueError on a kind that this version does not know.
    """
    if kind not in CLASSES:
        raise ValueError(f"a model is one of {sorted(CLASSES)}, found {kind!r}")
    return CLASSES[kind].from_parts(plain, text)


__all__ = ["BoostedTrees", "Model", "RegularisedLogistic", "SimpleRule", "model_from_parts"]
