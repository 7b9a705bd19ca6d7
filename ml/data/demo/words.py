"""What people type and write: search queries, reviews, complaints."""

from __future__ import annotations

from ml.data.demo.catalogue import CATEGORIES, COLOURS, MAKERS, Category
from ml.data.demo.corruption import misspell


def _queries(category: Category) -> tuple[str, ...]:
    """Frequent first: kinds of thing, then with a maker or a colour, then mistyped."""
    nouns = [noun.lower() for noun in category.nouns]
    makers = [f"{maker.lower()} {nouns[i % len(nouns)]}" for i, maker in enumerate(MAKERS)]
    colours = [f"{nouns[i % len(nouns)]} {colour.lower()}" for i, colour in enumerate(COLOURS)]
    mistyped = [misspell(noun, (i + 1) / (len(nouns) + 1)) for i, noun in enumerate(nouns)]
    return (*nouns, f"{category.name} sale", *makers, *mistyped, *colours)


QUERIES = tuple(_queries(category) for category in CATEGORIES)
"""By category; all of the same kind, so that popularity falls with the position."""

REVIEWS = (
    ("Fell apart after a week.", "Wrong size sent, still waiting.", "Never again."),
    ("Not what I hoped for.", "Came late and the box was open.", "Looks cheaper than it is."),
    ("It does.", "Runs small, otherwise fine.", "Average."),
    ("Good.", "Good value, would buy again.", "Comfortable from the first run."),
    ("Love it!", "Best I have had.", "My whole club wants one now.", "Rất tốt!", "Чудово!", "很好"),
)
"""By stars, from one to five."""

COMPLAINTS = ("Parcel came late", "Arrived damaged", "Wrong item sent", "Refund still missing")
