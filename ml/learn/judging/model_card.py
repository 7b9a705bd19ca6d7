"""A model's card: what it says of whom, how good that is, what it is not for, and how to make it again.

After Mitchell et al., Model Cards for Model Reporting (2019). Markdown, with counts and figures and no person. What a
marketer needs stands first and in words; figures for the data scientist follow.
"""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from ml.learn.judging import metrics
from ml.learn.judging.card_groups import fairness_section, slices_section
from ml.learn.judging.markdown import cell, frame_table, page, percent, table
from ml.learn.judging.resampling import LEVEL, RankedAuc, customer_weights, interval
from ml.learn.training.result import GRADE_A_GAIN, GRADE_B_GAIN, TrainingResult

GRADES = {
    "A": f"at least {GRADE_A_GAIN * 100:g} % less log-loss than the best simple rule, beyond chance and on later days",
    "B": f"at least {GRADE_B_GAIN * 100:g} % less log-loss than the best simple rule, beyond chance and on later days",
    "C": f"less than {GRADE_B_GAIN * 100:g} % better than the best simple rule, or not proved to be on later days",
    "D": "no model was better, so the best simple rule itself serves",
}
KINDS = {
    "served": "what is served",
    "logistic": "regularised logistic model",
    "trees": "LightGBM",
    "trees_on_logistic": "LightGBM on top of the logistic model",
    "blend": "mean of logistic model and LightGBM",
    "bg_nbd": "buy-till-you-die model (BG/NBD)",
    "pareto_nbd": "buy-till-you-die model (Pareto/NBD)",
}
FIGURES = {
    "auc": ("AUC", ".3f"),
    "average_precision": ("average precision", ".3f"),
    "log_loss": ("log-loss", ".4f"),
    "ece": ("ECE", ".3f"),
    "lift_top_decile": ("lift of the top tenth", ".2f"),
}
LIMITS = """\
## Meant for, and not for

- Meant for choosing whom to write to, call or invite first, among the people it was asked about.
- It says who, not why: what a model leans on is no cause. Whether contact changes anything is seen by the
  holdout of an audience, not by a score.
- Not for decisions about a person with legal or similarly serious effect: credit, price, employment, refusal
  of service.
- A score is no permission to send; consent stands in `customers`.
- People who refused profiling were not learned from and are not scored.
- Other people, another horizon, or a business that has changed since need their own training."""


@dataclass(frozen=True)
class Circumstances:
    """What a card says beyond the result of the training.

    ``asked`` and ``of_whom`` are the target in words. ``top_features`` holds feature, words and contribution
    (mean absolute, in log-odds, on the latest cut-off's rows), the greatest first. ``groups`` are customer_id,
    as_of_date and a column per trait of fairness_table; without them the card says that nothing is known.
    """

    name: str
    asked: str
    of_whom: str
    as_of_date: date
    definition_hash: str
    landing_digest: str
    top_features: pd.DataFrame
    groups: pd.DataFrame = field(default_factory=pd.DataFrame)


def model_card(result: TrainingResult, around: Circumstances) -> str:
    """Give the whole card of a trained result.

    Raises ValueError when nothing was trained.
    """
    features = around.top_features[["feature", "words", "contribution"]]
    summary = _summary(result, around)
    return page(
        *summary,
        LIMITS,
        fairness_section(result.oof, around.groups, int(result.parameters["seed"])),
        slices_section(result.reliability),
        _suspicions(result),
        "## Calibration\n\nOf those with about this probability, how many did it? Out of fold.",
        _calibration(result),
        "## What it leans on\n\nMean absolute contribution to the log-odds, on the rows of the latest cut-off.",
        frame_table(features, list(features.columns), ".3f"),
        _families(result.families),
        "## At each cut-off\n\nHow it did at the time, out of fold: what is served, and the best simple rule.",
        _backtest(result),
        _reproduce(result, around),
    )


def short_card(result: TrainingResult, around: Circumstances) -> str:
    """Give the card without its long tables: what a registry shows beside a version.

    Raises ValueError when nothing was trained.
    """
    more = "The whole card is `model_card.md` among the artifacts of the run, with plots beside it."
    return page(*_summary(result, around), LIMITS, more)


def _summary(result: TrainingResult, around: Circumstances) -> list[str]:
    if result.bundle is None or result.grade is None:
        raise ValueError(f"a card tells of a trained model; {result.target} is {result.status}")
    return [
        f"# {around.name}",
        f"**{around.asked}** Asked of: {around.of_whom}",
        _in_plain_words(result),
        f"Grade **{result.grade}**: {GRADES[result.grade]}. Version {result.bundle.version}, trained as of "
        f"{around.as_of_date}. What serves: {_describe(str(result.served))}; correction of its log-odds, chosen out of "
        f"fold: {result.parameters['calibration']}.",
        _learned_from(result),
        _how_good(result),
    ]


def _in_plain_words(result: TrainingResult) -> str:
    """What a list made with it is worth, in natural numbers."""
    figures = result.metrics["served"]
    base, lift = figures["base_rate"], figures["lift_top_decile"]
    return (
        f"Of 100 people asked about, {round(100 * base)} did it. Of 100 whom it called most likely, the top tenth, "
        f"{round(100 * base * lift)} did: {lift:.1f} times as many. Of two people of whom one did it and one did "
        f"not, it ranks the right one first {_in_hundred(figures['auc'])} times in 100."
    )


def _in_hundred(auc: float) -> str:
    return "an unknown number of" if np.isnan(auc) else f"{100 * auc:.0f}"


def _learned_from(result: TrainingResult) -> str:
    first, last = result.cutoffs[0], result.cutoffs[-1]
    return (
        f"Learned from {result.parameters['rows']:,} rows at {len(result.cutoffs)} cut-offs, {first} to {last}; the "
        f"last outcome window ended before {result.trained_until}. {result.customers_with:,} customers had the outcome "
        f"at some cut-off, {result.customers_without:,} lacked it at some; {result.parameters['features']} features."
    )


def _how_good(result: TrainingResult) -> str:
    how = (
        "on days later than those each was fitted on"
        if result.out_of_time
        else "on other customers at the same time, because the history allows no later days"
    )
    return (
        f"## How good\n\nOut of fold, {how}, all cut-offs together. Base rate there "
        f"{percent(result.metrics['served']['base_rate'])}. Gain over the best simple rule: {percent(result.gain)} "
        f"of its log-loss, at least {percent(result.gain_lower)} with 80 % confidence. {_intervals(result)}\n\n"
        f"{_contenders(result)}"
    )


def _intervals(result: TrainingResult) -> str:
    """How far AUC and log-loss of what is served would move with other customers."""
    y, p = result.oof["label"].to_numpy(dtype=float), result.oof["served"].to_numpy(dtype=float)
    ranked, loss = RankedAuc.of(y, p), metrics.row_log_loss(y, p)
    seed = int(result.parameters["seed"])
    drawn = [
        (ranked.value(weight), float(weight @ loss / weight.sum()))
        for weight in customer_weights(result.oof["customer_id"], seed)
    ]
    ends = [interval(np.array(drawn)[:, number]) for number in (0, 1)]
    return (
        f"With other customers ({percent(LEVEL, 0)} interval, whole customers drawn): AUC {ends[0][0]:.3f} to "
        f"{ends[0][1]:.3f}, log-loss {ends[1][0]:.4f} to {ends[1][1]:.4f}."
    )


def _contenders(result: TrainingResult) -> str:
    models = [name for name in result.metrics if not name.startswith("rule:") and name != "served"]
    rows = [
        [_describe(name), *(cell(result.metrics[name][key], how) for key, (_, how) in FIGURES.items())]
        for name in ("served", *models, str(result.best_rule))
    ]  # fmt: skip
    return table(["", *(title for title, _ in FIGURES.values())], rows)


def _calibration(result: TrainingResult) -> str:
    columns = ["rows", "mean_prediction", "observed_rate"]
    return frame_table(result.calibration_table, columns, ".3f")


def _suspicions(result: TrainingResult) -> str:
    """Features that may know the future, as the leak alarms say."""
    if not result.leak_alarms:
        return ""
    lines = "\n".join(f"- `{alarm.feature}` {alarm.words}" for alarm in result.leak_alarms)
    return f"## Suspicions\n\nFeatures that may know the future; look at them before you trust it.\n\n{lines}"


def _families(families: pd.DataFrame) -> str:
    """Which families of features were kept, and what each saves by itself."""
    if families.empty:
        return ""
    told = families.assign(kept=np.where(families["kept"].astype(bool), "yes", "no"))
    return (
        "## Families of features\n\nEach family was tried on top of those of the simple rules: the log-loss that it "
        "saves per row, and its lower 80 % bound. Kept is what helps beyond chance.\n\n"
        + frame_table(told, ["family", "features", "gain", "gain_lower", "kept"], ".4f")
    )


def _backtest(result: TrainingResult) -> str:
    backtest = result.backtest.assign(
        as_of_date=pd.to_datetime(result.backtest["as_of_date"]).dt.strftime("%Y-%m-%d"),
        contender=result.backtest["contender"].map(_describe),
        rows=result.backtest["rows"].astype(int),
    )
    columns = ["as_of_date", "contender", "rows", "base_rate", "auc", "log_loss", "ece"]
    return frame_table(backtest, columns, ".4f")


def _reproduce(result: TrainingResult, around: Circumstances) -> str:
    options = f"--landing LANDING --home HOME --as-of-date {around.as_of_date}"
    assert result.bundle is not None
    return (
        f"## Made again\n\n```\nkith build {options}\nkith train {options} --target {result.target}\n```\n\n"
        f"The same rows (landing digest `{around.landing_digest}`), the same meaning (definition "
        f"`{around.definition_hash}`), seed {result.parameters['seed']}, {result.parameters['threads']} threads and "
        f"the locked libraries give the same model, SHA-256 `{result.bundle.sha256}`."
    )


def _describe(contender: str) -> str:
    if contender.startswith("rule:"):
        return f"simple rule `{contender.removeprefix('rule:')}`"
    return KINDS[contender]
