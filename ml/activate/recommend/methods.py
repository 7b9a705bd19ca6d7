"""The methods that contend: each a weighted sum of signs, simplest first, empty places filled with what is popular."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ml.activate.recommend.signs import BOUGHT, LOOKED, POPULAR, SHELF

POPULARITY, BOUGHT_BEFORE, LEARNED = "popularity", "bought_before", "learned"
RULES = (POPULARITY, BOUGHT_BEFORE)
"""The simple rules that every other method has to beat."""

LEARNED_SIGNS = (BOUGHT, LOOKED, "bm25", "als", SHELF, POPULAR)

FILL = 1e-3
"""Weight of the popular things that only fill places: less than any sign worth naming."""


@dataclass(frozen=True)
class Method:
    """A named way to rank: weights of signs, and what it is in plain words."""

    name: str
    weights: Mapping[str, float]
    meaning: str


FIXED = (
    Method(POPULARITY, {POPULAR: 1}, "what sells most these weeks, the same for everybody"),
    Method(BOUGHT_BEFORE, {BOUGHT: 1, POPULAR: FILL}, "what the person bought most often and last"),
    *(
        Method(model, {model: 1, POPULAR: FILL}, meaning)
        for model, meaning in (
            ("bm25", "what is bought with the person's things (neighbours, BM25)"),
            ("tfidf", "what is bought with the person's things (neighbours, TF-IDF)"),
            ("als", "what people of like taste buy (factors, least squares)"),
            ("bpr", "what people of like taste buy (factors, pairwise ranking)"),
        )
    ),
    *(
        Method(
            f"repeat_and_{model}",
            {BOUGHT: 1, LOOKED: 0.25, model: 0.5, POPULAR: 0.1},
            f"what was bought before, then {model} and what was looked at",
        )
        for model in ("bm25", "als")
    ),
    Method(
        "broad_bm25",
        {BOUGHT: 0.5, LOOKED: 0.5, "bm25": 1, SHELF: 0.25, POPULAR: FILL},
        "bm25 first, then what was bought, looked at, and popular in the person's categories",
    ),
)
"""The methods that need no window to learn from."""


def learned_method(weights: Mapping[str, float]) -> Method:
    """The method whose weights an earlier window taught."""
    return Method(
        LEARNED,
        {**weights, POPULAR: max(weights.get(POPULAR, 0), FILL)},
        "a mixture of bought before, looked at, bm25, als and popular, weighed as an earlier window taught",
    )
