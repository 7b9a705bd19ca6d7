"""What is known of an effect model, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml.activate.uplift.bundle import EffectModel
from ml.activate.uplift.outcomes import OUTCOMES
from ml.learn.judging.markdown import page, table

REASONS = {
    None: "people are told apart: the ranking is proved",
    "ranking_not_proved": "people could not be told apart, so everybody gets the average effect",
    "too_few_to_rank": "too few outcomes to tell people apart, so everybody gets the average effect",
    "too_few_contacts": "too few people with the outcome to say anything",
    "not_randomised": "nobody was chosen by a coin, so nothing is claimed",
    "share_mismatch": "the coin did not fall as declared, or people were taken out afterwards, so nothing is claimed",
    "groups_differ": "the groups differed before the message already, so no coin chose them and nothing is claimed",
}


def line_of(model: EffectModel) -> str:
    """One line for a log."""
    about = f"{model.channel}, {model.outcome}"
    average = measure(model, "average_effect")
    if average is None:
        return f"{about}: {REASONS[model.reason]}"
    found = measure(model, "qini")
    ranking = f"; Qini {per_thousand(found)}" if found else ""
    return f"{about}: average effect {points(average)}{ranking}; {REASONS[model.reason]}"


def card_of(model: EffectModel) -> str:
    """The model card, Markdown."""
    words = next(outcome.words for outcome in OUTCOMES if outcome.name == model.outcome)
    known = {row["measure"]: row for row in model.quality if row["decile"] is None}
    lines = [[row["measure"].replace("_", " "), *_cells(row)] for row in known.values()]
    deciles = [
        [
            str(row["decile"]),
            f"{row['contacts']:,}",
            f"{100 * row['predicted']:.2f}",
            *_cells(row, 100),
        ]
        for row in model.quality
        if row["measure"] == "effect_in_decile"
    ]
    served = ""
    if model.folds:
        names = ", ".join(sorted({fold.blend.learner for fold in model.folds}))
        served = f"Learner, chosen by fold: {names}; on {len(model.features)} features."
    return page(
        f"# Effect of a message by {model.channel} on {words}",
        f"Window: {model.horizon_days} days from the campaign on." if model.horizon_days else "",
        f"Status: {model.status}; {REASONS[model.reason]}.",
        served,
        "Figures are out of fold by person; intervals are of 95 %, by drawing people with replacement, with the models "
        "held fixed. AUUC and Qini are outcomes per person, wanted ones counted up.",
        table(["measure", "value", "low", "high"], lines) if lines else "",
        "## By tenth of the ranking, percentage points" if deciles else "",
        table(["tenth", "contacts", "predicted", "measured", "low", "high"], deciles)
        if deciles
        else "",
        "What it cannot say: what another message, another season or people who were never eligible would show. An "
        "effect is that of people alike; nobody's own effect is ever seen.",
    )


def measure(model: EffectModel, name: str) -> Mapping[str, Any] | None:
    """The row of one measure, if it is known."""
    return next((row for row in model.quality if row["measure"] == name), None)


def points(row: Mapping[str, Any]) -> str:
    """A difference of rates with its interval, in percentage points."""
    return f"{100 * row['value']:+.2f} points ({100 * row['low']:+.2f} to {100 * row['high']:+.2f})"


def per_thousand(row: Mapping[str, Any]) -> str:
    """An area with its interval, in outcomes per 1,000 people."""
    return (
        f"{1000 * row['value']:.2f} per 1,000 ({1000 * row['low']:.2f} to {1000 * row['high']:.2f})"
    )


def _cells(row: Mapping[str, Any], times: float = 1) -> list[str]:
    return [
        "–" if row[end] is None else f"{times * row[end]:.5g}" for end in ("value", "low", "high")
    ]
