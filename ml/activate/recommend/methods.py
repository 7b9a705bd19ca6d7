"""The methods that contend: each a weighted sum of signs, simplest first. All fill empty places with what is popular."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ml.activate.recommend.signs import BOUGHT, LOOKED, NEW, POPULAR, SHELF

POPULARITY, BOUGHT_BEFORE = "popularity", "bought_before"
RULES = (POPULARITY, BOUGHT_BEFORE)
"""The simple rules that every other method has to beat."""

FILL = 1e-3
"""Weight of the popular things that only fill places: less than any sign worth naming."""


@dataclass(frozen=True)
class Method:
    """A named way to rank: weights of signs, and what it is in plain words."""

    name: str
    weights: Mapping[str, float] = field(hash=False)
    meaning: str


def _filled(**weights: float) -> dict[str, float]:
    return {**weights, POPULAR: weights.get(POPULAR, FILL)}


METHODS = (
    Method(POPULARITY, {POPULAR: 1.0}, "what sells most these weeks, the same for everybody"),
    Method(BOUGHT_BEFORE, _filled(**{BOUGHT: 1}), "what the person bought most often and last"),
    Method("bm25", _filled(bm25=1), "what is bought with the things of the person (BM25)"),
    Method("tfidf", _filled(tfidf=1), "what is bought with the things of the person (TF-IDF)"),
    Method("als", _filled(als=1), "what people of like taste buy (factors, least squares)"),
    Method("bpr", _filled(bpr=1), "what people of like taste buy (factors, pairwise ranking)"),
    *(
        Method(
            f"repeat_and_{model}",
            {BOUGHT: 1, LOOKED: 0.25, model: 0.5, NEW: 0.25, POPULAR: 0.1},
            f"what was bought before first, then {model}, what was looked at and what is new",
        )
        for model in ("bm25", "als")
    ),
    *(
        Method(
            f"broad_{model}",
            _filled(**{BOUGHT: 0.5, LOOKED: 0.5, model: 1, SHELF: 0.25, NEW: 0.25}),
            f"{model} first, with what was bought, looked at, popular in the person's categories and new",
        )
        for model in ("bm25", "als")
    ),
)
