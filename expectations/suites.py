"""Suite files: what a border asks of the data, in YAML.

A suite names the tables it needs, and batches. A batch is a query that brings only the columns its rules
judge; batches hold counts and names of entities, features and targets, never a person. A rule is one
expectation of Great Expectations with its kwargs, and the words in which people are told of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ml.errors import KithError

SUITES = Path(__file__).resolve().parent / "suites"


@dataclass(frozen=True)
class Rule:
    """One expectation and how it is told.

    `rule` may name the suite's parameters, `found` the columns of one unexpected row of the batch (or
    `observed_value` of an expectation on the table), both in the syntax of `str.format`. A rule of severity
    `warning` is told, but stops nothing.
    """

    type: str
    kwargs: dict[str, Any]
    rule: str
    found: str
    severity: str = "critical"
    way_out: str | None = None

    @property
    def stops(self) -> bool:
        """Does a broken rule stop the run?"""
        return self.severity == "critical"


@dataclass(frozen=True)
class Batch:
    """A query and the rules its rows must keep.

    `query_writer` is for columns that are known by their pattern only: a query on the catalogue whose one
    value is the text of the query to run. Parameters of the suite are bound as `$name`.
    """

    name: str
    grain: str
    rules: tuple[Rule, ...]
    query: str | None = None
    query_writer: str | None = None


@dataclass(frozen=True)
class Suite:
    """All that one border asks, and the file it stands in.

    `parameters` are names of settings; `as_of_date` is always one more. `way_out` holds where a rule has none.
    """

    border: str
    path: Path
    tables: tuple[str, ...]
    way_out: str
    batches: tuple[Batch, ...]
    parameters: tuple[str, ...] = field(default=())


def borders() -> list[str]:
    """The borders that have a suite."""
    return sorted(path.stem for path in SUITES.glob("*.yml"))


def load_suite(border: str, folder: Path = SUITES) -> Suite:
    """Read the suite of a border.

    Raises:
        KithError: the file is missing, is no YAML, or has a wrong or missing key.
    """
    path = folder / f"{border}.yml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        batches = tuple(
            Batch(**{**batch, "rules": tuple(Rule(**rule) for rule in batch.get("rules") or ())})
            for batch in content.pop("batches") or ()
        )
        return Suite(
            border=border,
            path=path,
            tables=tuple(content.pop("tables")),
            parameters=tuple(content.pop("parameters", ())),
            batches=batches,
            **content,
        )
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise KithError(
            f"The suite of the border '{border}' ({path}) cannot be read: {reason}. Mend the file; "
            "expectations/suites.py says which keys it may have."
        ) from error
