"""Judging one border: suite and warehouse in, a verdict, a message for people and a report out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from expectations.batches import BatchRows, read_batches, suite_parameters
from expectations.suites import SUITES, Rule, Suite, load_suite
from expectations.validation import RuleResult, validate
from ml.errors import KithError
from ml.home import Home

EXAMPLES = 5


@dataclass(frozen=True)
class Broken:
    """A rule that does not hold, in words."""

    rule: str
    found: str
    way_out: str
    stops: bool


@dataclass(frozen=True)
class Verdict:
    """What a border says of a day: how many rules were evaluated and which of them are broken."""

    border: str
    as_of_date: date
    rules: int
    broken: tuple[Broken, ...]
    where: str

    @property
    def passed(self) -> bool:
        """Does the run go on? Warnings do not stop it."""
        return not self.stops

    @property
    def stops(self) -> list[Broken]:
        """The broken rules that stop the run."""
        return [broken for broken in self.broken if broken.stops]

    @property
    def told(self) -> str:
        """The rules that stop the run, and what was found."""
        return ". ".join(f"Rule: {broken.rule}. Found: {broken.found}" for broken in self.stops)

    @property
    def ways_out(self) -> str:
        """What to do about them, each way once."""
        return ". ".join(dict.fromkeys(broken.way_out for broken in self.stops))

    @property
    def warnings(self) -> list[str]:
        """One line for each broken rule that stops nothing."""
        return [
            f"border {self.border}, {self.as_of_date}, warning: {broken.rule}; found: {broken.found}"
            for broken in self.broken
            if not broken.stops
        ]

    def message(self) -> str:
        """One paragraph for people on why the run stops."""
        return (
            f"Border {self.border} stopped the run for {self.as_of_date}: {len(self.stops)} of {self.rules} rules "
            f"broken. {self.told}. Where: {self.where}. Way out: {self.ways_out}."
        )


def check_border(home: Home, border: str, as_of_date: date, folder: Path = SUITES) -> Verdict:
    """Judge one border of a home's warehouse at a date, and write its report.

    The report is `reports/expectations/<border>.json`, with pages to read in `reports/data_docs/<border>`.

    Args:
        home: whose warehouse is read; it is opened for reading only.
        border: name of a suite.
        as_of_date: the day the warehouse was built for.
        folder: where the suites stand.

    Raises:
        KithError: the border could not be judged: no warehouse, a table missing, another day, or a suite
            that evaluated nothing.
    """
    report = home.border_report(border)
    pages = home.data_docs / border
    # What stood there spoke of another run; a border that cannot be judged leaves no report.
    report.unlink(missing_ok=True)
    shutil.rmtree(pages, ignore_errors=True)
    suite = load_suite(border, folder)
    parameters = suite_parameters(home, suite, as_of_date)
    frames = read_batches(home, suite, parameters)
    results, accounts = validate(suite, frames, parameters, pages)
    _require_all_evaluated(suite, results)
    verdict = Verdict(
        border=border,
        as_of_date=as_of_date,
        rules=len(results),
        broken=tuple(
            _tell(suite, result, frames, parameters) for result in results if not result.success
        ),
        where=f"the tables {', '.join(suite.tables)} in {home.database}; every result is in {report}",
    )
    _write_report(report, verdict, accounts)
    return verdict


def _require_all_evaluated(suite: Suite, results: Sequence[RuleResult]) -> None:
    asked = sum(len(batch.rules) for batch in suite.batches)
    if not results or len(results) != asked:
        raise KithError(
            f"Border {suite.border}: the suite has {asked} rules and {len(results)} were evaluated. A border that "
            f"looked at nothing, or not at everything, does not let anything through. Look at "
            f"{suite.path}."
        )
    if empty := [batch.name for batch in suite.batches if not batch.rules]:
        raise KithError(
            f"Border {suite.border}: the batch {' and '.join(empty)} has no rules, so nothing was judged there. "
            f"Give it rules or take it out of {suite.path}."
        )


def _tell(
    suite: Suite,
    result: RuleResult,
    frames: Mapping[str, BatchRows],
    parameters: Mapping[str, Any],
) -> Broken:
    rule = result.batch.rules[result.rule_number]
    return Broken(
        rule=rule.rule.format(**parameters),
        found=_found(rule, result, frames[result.batch.name].rows),
        way_out=rule.way_out or suite.way_out,
        # A rule that could not be evaluated has judged nothing, whatever its severity.
        stops=rule.stops or result.problem is not None,
    )


def _found(rule: Rule, result: RuleResult, rows: pd.DataFrame) -> str:
    if result.problem is not None:
        return f"it could not be evaluated ({result.problem})"
    if not result.positions:
        return rule.found.format(observed_value=result.observed)
    examples = [
        rule.found.format_map({str(column): rows[column].iloc[position] for column in rows.columns})
        for position in result.positions[:EXAMPLES]
    ]
    more = len(result.positions) - len(examples)
    return "; ".join(examples) + (f"; and {more:,} more" if more else "")


def _write_report(path: Path, verdict: Verdict, accounts: list[dict[str, Any]]) -> None:
    content = {
        "border": verdict.border,
        "as_of_date": verdict.as_of_date.isoformat(),
        "result": "passed" if verdict.passed else "failed",
        "rules": verdict.rules,
        "told": verdict.told,
        "ways_out": verdict.ways_out,
        "broken": [vars(broken) for broken in verdict.broken],
        "batches": accounts,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.replace(path)
