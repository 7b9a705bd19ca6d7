"""The one module that talks to Great Expectations: frames and rules in, what was found out.

Great Expectations is imported when the first batch is there, so that wrong usage and missing tables are told
at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.batches import BatchRows
from expectations.pages import BatchPage, finish_pages
from expectations.suites import Batch, Rule, Suite
from ml.errors import KithError

if TYPE_CHECKING:
    from great_expectations.core import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.data_context import EphemeralDataContext

# Positions and counts only: what a row holds is told by the rule's own words, never by a list of values.
RESULT_FORMAT = {"result_format": "COMPLETE", "exclude_unexpected_values": True}
# On Spark rows have no number of their own.
POSITION = "position_in_batch"
NUMBERED = {"unexpected_index_column_names": [POSITION]}
SITE = "border"


@dataclass(frozen=True)
class RuleResult:
    """What became of one rule.

    `positions` are the unexpected rows of the batch, `observed` the value of an expectation on the table,
    `problem` why it could not be evaluated at all.
    """

    batch: Batch
    rule_number: int
    success: bool
    positions: tuple[int, ...] = ()
    observed: Any = None
    problem: str | None = None


def validate(
    suite: Suite,
    frames: Mapping[str, BatchRows],
    parameters: Mapping[str, Any],
    docs: Path,
) -> tuple[list[RuleResult], list[dict[str, Any]]]:
    """Evaluate every rule of a suite on the frames of its batches.

    Args:
        suite: the rules.
        frames: batch name to rows, which are judged where they are: by pandas or on Spark.
        parameters: values of the suite's parameters; `as_of_date` as ISO text is among them.
        docs: folder that receives the HTML pages.

    Returns:
        One result per evaluated rule, in the order of the suite, and what Great Expectations says of each
        batch, ready for JSON.

    Raises:
        KithError: a rule is written in a way that cannot be evaluated.
    """
    context = _context(docs)
    from great_expectations.exceptions import GreatExpectationsError

    results: list[RuleResult] = []
    accounts: list[dict[str, Any]] = []
    for batch in suite.batches:
        try:
            outcome = _validate_batch(context, suite, batch, frames[batch.name], parameters)
        except (GreatExpectationsError, ValueError, TypeError, KeyError) as error:
            reason = " ".join(str(error).split())
            raise KithError(
                f"Border {suite.border}, batch {batch.name}: its rules cannot be evaluated as they are written: "
                f"{reason}. Correct them in {suite.path}."
            ) from error
        results += sorted(
            (_rule_result(batch, found) for found in outcome.results),
            key=lambda result: result.rule_number,
        )
        accounts.append(outcome.to_json_dict())
    context.build_data_docs(site_names=[SITE])
    finish_pages(
        docs,
        f"Border {suite.border}, {parameters['as_of_date']}",
        [_page_of(suite, batch, results, parameters) for batch in suite.batches],
    )
    return results, accounts


def _page_of(
    suite: Suite, batch: Batch, results: Sequence[RuleResult], parameters: Mapping[str, Any]
) -> BatchPage:
    told = [
        (result.success, batch.rules[result.rule_number].rule.format(**parameters))
        for result in results
        if result.batch is batch
    ]
    return BatchPage(_suite_name(suite, batch), batch.grain, told)


def _suite_name(suite: Suite, batch: Batch) -> str:
    return f"{suite.border}_{batch.name}"


def _context(docs: Path) -> EphemeralDataContext:
    # Before the import, which reads it: no word about anybody's data leaves this machine.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    for site in list(context.list_data_docs_sites()):
        context.delete_data_docs_site(site)
    context.add_data_docs_site(
        site_name=SITE,
        site_config={
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(docs),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )
    return context


def _validate_batch(
    context: EphemeralDataContext,
    suite: Suite,
    batch: Batch,
    rows: BatchRows,
    parameters: Mapping[str, Any],
) -> ExpectationSuiteValidationResult:
    import great_expectations as gx
    from great_expectations.core.run_identifier import RunIdentifier

    name = _suite_name(suite, batch)
    expectations = [
        {
            "type": rule.type,
            "kwargs": _kwargs(rule, rows),
            "severity": rule.severity,
            "notes": rule.rule.format(**parameters),
            "meta": {"rule_number": number},
        }
        for number, rule in enumerate(batch.rules)
    ]
    sources = context.data_sources
    asset = (
        sources.add_or_update_pandas("warehouse").add_dataframe_asset(name)
        if rows.on_spark is None
        else sources.add_or_update_spark("lake").add_dataframe_asset(name)
    )
    definition = gx.ValidationDefinition(
        name=name,
        data=asset.add_batch_definition_whole_dataframe("all"),
        suite=context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations)),
    )
    day = date.fromisoformat(parameters["as_of_date"])
    return context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": rows.rows if rows.on_spark is None else rows.on_spark},
        expectation_parameters=dict(parameters),
        result_format=RESULT_FORMAT if rows.on_spark is None else RESULT_FORMAT | NUMBERED,
        run_id=RunIdentifier(
            run_name=day.isoformat(), run_time=datetime.combine(day, datetime.min.time(), UTC)
        ),
    )


def _kwargs(rule: Rule, rows: BatchRows) -> dict[str, Any]:
    """A rule's kwargs; a condition on rows is written so that pandas and Spark read it alike."""
    is_spark = rows.on_spark is not None and "condition_parser" in rule.kwargs
    return rule.kwargs | ({"condition_parser": "spark"} if is_spark else {})


def _positions(found: Sequence[Any]) -> Iterator[int]:
    """The places of unexpected rows: pandas gives their numbers, Spark the column that numbers them."""
    for one in found:
        if isinstance(one, Mapping):
            yield from map(int, one[POSITION])
        else:
            yield int(one)


def _rule_result(batch: Batch, found: ExpectationValidationResult) -> RuleResult:
    configuration = found.expectation_config
    number = int(configuration.meta["rule_number"]) if configuration and configuration.meta else 0
    result = found.result or {}
    return RuleResult(
        batch=batch,
        rule_number=number,
        success=bool(found.success),
        positions=tuple(sorted(_positions(result.get("unexpected_index_list") or ()))),
        observed=result.get("observed_value"),
        problem=_problem(found.exception_info or {}),
    )


def _problem(exception_info: Mapping[str, Any]) -> str | None:
    """Why an expectation could not be evaluated: told once for all of it, or once per metric it needs."""
    nested = [value for value in exception_info.values() if isinstance(value, Mapping)]
    for info in nested or [exception_info]:
        if info.get("raised_exception"):
            return str(info.get("exception_message")).strip().splitlines()[0]
    return None
