"""A model's card: what it says of whom, how good that is, what it is not for, and how to make it again.

After Mitchell et al., Model Cards for Model Reporting (2019). Markdown, with counts and figures and no person.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

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
    (mean absolute, in log-odds, on the latest cut-off's rows), the greatest first.
    """

    name: str
    asked: str
    of_whom: str
    as_of_date: date
    definition_hash: str
    landing_digest: str
    top_features: pd.DataFrame


def model_card(result: TrainingResult, around: Circumstances) -> str:
    """Give the whole card of a trained result.

    Raises ValueError when nothing was trained.
    """
    features = around.top_features[["feature", "words", "contribution"]]
    return _page(
        *_summary(result, around),
        LIMITS,
        "## Calibration\n\nOf those with about this probability, how many did it? Out of fold.",
        _frame(result.calibration_table, ["rows", "mean_prediction", "observed_rate"], ".3f"),
        "## What it leans on\n\nMean absolute contribution to the log-odds, on the rows of the latest cut-off.",
        _frame(features, list(features.columns), ".3f"),
        "## At each cut-off\n\nHow it did at the time, out of fold: what is served, and the best simple rule.",
        _backtest(result),
        _reproduce(result, around),
    )


def short_card(result: TrainingResult, around: Circumstances) -> str:
    """Give the card without its long tables: what a registry shows beside a version.

    Raises ValueError when nothing was trained.
    """
    more = "The whole card is `model_card.md` among the artifacts of the run, with plots beside it."
    return _page(*_summary(result, around), LIMITS, more)


def _summary(result: TrainingResult, around: Circumstances) -> list[str]:
    if result.bundle is None or result.grade is None:
        raise ValueError(f"a card tells of a trained model; {result.target} is {result.status}")
    how = (
        "on days later than those each was fitted on"
        if result.out_of_time
        else "on other customers at the same time, because the history allows no later days"
    )
    return [
        f"# {around.name}",
        f"**{around.asked}** Asked of: {around.of_whom}",
        f"Grade **{result.grade}**: {GRADES[result.grade]}. Version {result.bundle.version}, trained as of "
        f"{around.as_of_date}. What serves: {_describe(str(result.served))}; correction of its log-odds, chosen out of "
        f"fold: {result.parameters['calibration']}.",
        _learned_from(result),
        f"## How good\n\nOut of fold, {how}, all cut-offs together. Base rate there "
        f"{_percent(result.metrics['served']['base_rate'])}. Gain over the best simple rule: {_percent(result.gain)} "
        f"of its log-loss, at least {_percent(result.gain_lower)} with 80 % confidence.",
        _contenders(result),
    ]


def _learned_from(result: TrainingResult) -> str:
    first, last = result.cutoffs[0], result.cutoffs[-1]
    return (
        f"Learned from {result.parameters['rows']:,} rows at {len(result.cutoffs)} cut-offs, {first} to {last}; the "
        f"last outcome window ended before {result.trained_until}. {result.customers_with:,} customers had the outcome "
        f"at some cut-off, {result.customers_without:,} lacked it at some; {result.parameters['features']} features."
    )


def _contenders(result: TrainingResult) -> str:
    models = [name for name in result.metrics if not name.startswith("rule:") and name != "served"]
    rows = [
        [_describe(name), *(_cell(result.metrics[name][key], how) for key, (_, how) in FIGURES.items())]
        for name in ("served", *models, str(result.best_rule))
    ]  # fmt: skip
    return _table(["", *(title for title, _ in FIGURES.values())], rows)


def _backtest(result: TrainingResult) -> str:
    table = result.backtest.assign(
        as_of_date=pd.to_datetime(result.backtest["as_of_date"]).dt.strftime("%Y-%m-%d"),
        contender=result.backtest["contender"].map(_describe),
        rows=result.backtest["rows"].astype(int),
    )
    columns = ["as_of_date", "contender", "rows", "base_rate", "auc", "log_loss", "ece"]
    return _frame(table, columns, ".4f")


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


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.1%}".replace("%", " %")


def _frame(frame: pd.DataFrame, columns: Sequence[str], how: str) -> str:
    rows = ([_cell(value, how) for value in row] for row in frame[list(columns)].itertuples(False))
    return _table([column.replace("_", " ") for column in columns], rows)


def _cell(value: object, how: str) -> str:
    if not isinstance(value, float):
        return str(value)
    return "–" if math.isnan(value) else format(value, how)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def lines() -> Iterator[str]:
        yield f"| {' | '.join(header)} |"
        yield "|---" * len(header) + "|"
        for row in rows:
            yield f"| {' | '.join(row)} |"

    return "\n".join(lines())


def _page(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"
