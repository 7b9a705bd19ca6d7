"""What an experiment found, for people: a verdict in a sentence, tables, and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import TYPE_CHECKING

import pandas as pd

from ml.learn.judging.metrics import calibration_table, lift_table
from ml.learn.judging.plots import compared_calibration_plot, compared_lift_plot, gain_plot
from ml.learn.judging.resampling import LEVEL
from ml.learn.judging.trials import MEASURES, Trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHARE_INSIDE = f"{LEVEL:.0%}".replace("%", " %")
ANSWERS = {
    "better": "The variant is better.",
    "worse": "The variant is worse.",
    "undecided": "No difference can be told from chance.",
    "same": "The two predict the same: what was changed is nothing that serves (a family that is not kept, say).",
}


def verdict_of(trial: Trial) -> str:
    """The answer in plain words, with the figures it rests on."""
    where = f"on {trial.rows:,} rows of {trial.customers:,} customers at {len(trial.by_cutoff)} cut-offs, out of fold."
    if trial.answer == "same":
        return f"{ANSWERS['same']} Seen {where}"
    lower, upper = trial.interval
    share = f"{abs(trial.gain) / trial.figure('log_loss', 'reference'):.2%}".replace("%", " %")
    less = "less" if trial.gain >= 0 else "more"
    return (
        f"{ANSWERS[trial.answer]} {share} {less} log-loss than the reference ({trial.gain:+.4f} saved per row, "
        f"{SHARE_INSIDE} interval {lower:+.4f} to {upper:+.4f}), {where}"
    )


def report_of(trial: Trial, title: str, changed: str, reference: str) -> str:
    """The report on a paired comparison, as Markdown."""
    lines = [
        f"# {title}",
        f"**{verdict_of(trial)}**",
        f"Variant: {changed}. Reference: {reference}. Both were trained on the same folds and judged on the same "
        "customers at the same days, each on rows it had not seen.",
        _figures(trial.figures),
        f"The interval holds the difference in {SHARE_INSIDE} of the draws of whole customers. Where it holds 0, the "
        "difference is no finding; and of ten variants that change nothing, about one seems better or worse by chance.",
        "## At each cut-off\n\n![Log-loss saved at each cut-off](gain.png)",
        _by_cutoff(trial.by_cutoff),
        "## Calibration and lift\n\n![Calibration](calibration.png)\n\n![Lift](lift.png)",
    ]
    return "\n\n".join(lines) + "\n"


def side_by_side_report(
    metrics: Mapping[str, Mapping[str, float]], gains: Mapping[str, float], title: str, changed: str
) -> str:
    """The report on two different questions, which no row answers both."""
    table = ["| | " + " | ".join(metrics) + " |", "|---" * (len(metrics) + 1) + "|"]
    for measure in ("rows", "base_rate", *MEASURES):
        name = MEASURES[measure][0] if measure in MEASURES else measure.replace("_", " ")
        how = ",.0f" if measure == "rows" else ".4f"
        table.append(
            f"| {name} | " + " | ".join(f"{m[measure]:{how}}" for m in metrics.values()) + " |"
        )
    saved = " | ".join(f"{gain:.1%}".replace("%", " %") for gain in gains.values())
    table.append(f"| log-loss below the best simple rule | {saved} |")
    return (
        f"# {title}\n\n**{DIFFERENT_QUESTION}**\n\nVariant: {changed}.\n\n"
        + "\n".join(table)
        + "\n"
    )


DIFFERENT_QUESTION = (
    "Another horizon is another question: the figures stand side by side and cannot be paired. Compare how far each "
    "is below its own best simple rule."
)


def pictures_of(trial: Trial, title: str) -> dict[str, Figure]:
    """Calibration and lift of both arms, and the gain at each cut-off, by file name."""
    arms = {name: trial.predictions[name] for name in ("reference", "variant")}
    label = trial.predictions["label"]
    return {
        "calibration.png": compared_calibration_plot(
            {name: calibration_table(label, p) for name, p in arms.items()}, title
        ),
        "lift.png": compared_lift_plot(
            {name: lift_table(label, p) for name, p in arms.items()}, title
        ),
        "gain.png": gain_plot(trial.by_cutoff, title),
    }


def _figures(figures: pd.DataFrame) -> str:
    lines = ["| | reference | variant | difference | interval | |", "|---|---|---|---|---|---|"]
    for row in figures.to_dict("records"):
        name, more_is_better = MEASURES[row["measure"]]
        interval = "" if isnan(row["lower"]) else f"{row['lower']:+.4f} to {row['upper']:+.4f}"
        wanted = "more is better" if more_is_better else "less is better"
        figures_told = f"{row['reference']:.4f} | {row['variant']:.4f} | {row['difference']:+.4f}"
        lines.append(f"| {name} | {figures_told} | {interval} | {wanted} |")
    return "\n".join(lines)


def _by_cutoff(table: pd.DataFrame) -> str:
    lines = ["| cut-off | rows | log-loss saved | interval |", "|---|---|---|---|"]
    for row in table.to_dict("records"):
        interval = f"{row['lower']:+.4f} to {row['upper']:+.4f}"
        day = row["as_of_date"].date()
        lines.append(f"| {day} | {row['rows']:,} | {row['gain']:+.4f} | {interval} |")
    return "\n".join(lines)
