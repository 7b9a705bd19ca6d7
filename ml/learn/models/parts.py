"""The sorts of model that can be served, and how each is read back from plain parts.

Every model has ``logit``, ``predict`` and ``contributions`` on values of shape (rows, features),
NaN = missing, and ``to_parts``: a dict of plain numbers and, for trees, LightGBM's text. Nothing is
ever pickled: a file that can run code does not belong in a registry.
"""

from typing import Any

from ml.learn.models.blend import Blend
from ml.learn.models.extended import ExtendedModel, Inner
from ml.learn.models.lifetime_model import LifetimeModel
from ml.learn.models.linear import RegularisedLogistic, SimpleRule
from ml.learn.models.trees import BoostedTrees

Model = SimpleRule | LifetimeModel | Inner | ExtendedModel

ALONE: dict[str, type[SimpleRule] | type[LifetimeModel]] = {
    "rule": SimpleRule,
    "bg_nbd": LifetimeModel,
    "pareto_nbd": LifetimeModel,
}
PERHAPS_EXTENDED: dict[str, type[Inner]] = {
    "logistic": RegularisedLogistic,
    "trees": BoostedTrees,
    "trees_on_logistic": BoostedTrees,
    "blend": Blend,
}


def model_from_parts(kind: str, plain: dict[str, Any], text: str | None) -> Model:
    """Take back a model from its kind and the parts ``to_parts`` gave.

    Raises ValueError on a kind that this version does not know.
    """
    if kind in ALONE:
        return ALONE[kind].from_parts(plain, text)
    if kind not in PERHAPS_EXTENDED:
        known = sorted([*ALONE, *PERHAPS_EXTENDED])
        raise ValueError(f"a model is one of {known}, found {kind!r}")
    return ExtendedModel.around(PERHAPS_EXTENDED[kind].from_parts(plain, text), plain)


__all__ = [
    "Blend",
    "BoostedTrees",
    "ExtendedModel",
    "LifetimeModel",
    "Model",
    "RegularisedLogistic",
    "SimpleRule",
    "model_from_parts",
]
