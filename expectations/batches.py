"""Reading the batches of a suite from the warehouse: small frames, before Great Expectations is imported."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from expectations.suites import Batch, Suite
from ml.data.warehouse import connect, is_desk, table_exists
from ml.errors import KithError
from ml.home import Home

if TYPE_CHECKING:
    from expectations.spark_batches import SparkBatches


def suite_parameters(home: Home, suite: Suite, as_of_date: date) -> dict[str, Any]:
    """The values of a suite's parameters: the settings it names, and `as_of_date` as ISO text.

    Raises:
        KithError: the suite names a setting that does not exist.
    """
    if unknown := sorted(set(suite.parameters) - set(type(home.settings).model_fields)):
        raise KithError(
            f"Border {suite.border}: its suite names settings that do not exist: {', '.join(unknown)}. "
            f"Correct `parameters` in {suite.path}; ml/settings.py lists the settings."
        )
    settings = {name: getattr(home.settings, name) for name in suite.parameters}
    return {**settings, "as_of_date": as_of_date.isoformat()}


@dataclass(frozen=True)
class BatchRows:
    """The rows of a batch: as a frame of pandas for the words, and as what is judged, there or on Spark."""

    rows: pd.DataFrame
    on_spark: Any = None


def read_batches(home: Home, suite: Suite, parameters: dict[str, Any]) -> dict[str, BatchRows]:
    """Give the rows of each batch of a suite; the warehouse is opened for reading only and closed again.

    Every row of the tables is looked at, by the engine that holds them: queries count, and bring no person.

    Raises:
        KithError: there is no warehouse, it was built for another day or is in use, a table is missing,
            or a query does not fit the tables.
    """
    _require_built_for(home, suite, parameters["as_of_date"])
    spark = _spark_batches(home)
    try:
        with connect(home, read_only=True) as connection:
            _require_tables(connection, home, suite)
            return {
                batch.name: _read(connection, suite, batch, parameters, spark)
                for batch in suite.batches
            }
    except duckdb.Error as error:
        raise KithError(
            f"Border {suite.border}: the warehouse cannot be opened for reading: {str(error).splitlines()[0]}. If "
            "another process is writing it, wait until that has ended and run again; if the file is broken, "
            "`kith build` builds it anew."
        ) from error


def _spark_batches(home: Home) -> SparkBatches | None:
    if not is_desk(home):
        return None
    from expectations.spark_batches import SparkBatches

    return SparkBatches(home)


def _require_built_for(home: Home, suite: Suite, as_of_date: str) -> None:
    """A border judges one day: a warehouse that holds another day would pass or fail for nothing."""
    if not home.database.exists():
        raise KithError(
            f"Border {suite.border}: there is no warehouse at {home.database}, so nothing could be checked "
            f"for {as_of_date}. Run `kith build` for that day first, or name another --home."
        )
    try:
        built_for = json.loads(home.run_state.read_text(encoding="utf-8")).get("as_of_date")
    except (OSError, ValueError):
        return
    if built_for != as_of_date:
        raise KithError(
            f"Border {suite.border}: the warehouse in {home.root} was last built for {built_for}, and "
            f"{as_of_date} was to be checked. Run `kith build` for {as_of_date} first, or ask for {built_for}."
        )


def _require_tables(connection: duckdb.DuckDBPyConnection, home: Home, suite: Suite) -> None:
    missing = [table for table in suite.tables if not table_exists(connection, table)]
    if missing:
        raise KithError(
            f"Border {suite.border}: tables missing in {home.database}: {', '.join(missing)}. The border could not "
            "be checked, and nothing passes unchecked. Run the step that builds them first (`kith build` for "
            "landing and features, `kith score` and `kith audit` for scores)."
        )


def _read(
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    batch: Batch,
    parameters: dict[str, Any],
    spark: SparkBatches | None,
) -> BatchRows:
    try:
        query = batch.query or _written_query(connection, batch, parameters)
        if query is None:
            raise KithError(
                f"Border {suite.border}, batch {batch.name} ({batch.grain.rstrip('.').lower()}): the tables "
                f"{', '.join(suite.tables)} have no column it could judge, and a rule that saw nothing does not "
                f"hold. If columns were renamed, mend the pattern in {suite.path}."
            )
        if spark is not None and spark.can_run(query):
            return BatchRows(*spark.run(query, parameters))
        rows = connection.execute(query, _bound(connection, query, parameters)).df()
        return BatchRows(rows, None if spark is None else spark.given(rows))
    except duckdb.Error as error:
        # Catalogue messages name tables and columns; any other might quote a value of a person.
        named = isinstance(error, duckdb.BinderException | duckdb.CatalogException)
        reason = str(error).splitlines()[0] if named else type(error).__name__
        raise KithError(
            f"Border {suite.border}, batch {batch.name}: its query does not fit the warehouse: {reason}. The query "
            f"stands in {suite.path}; bring it and the tables of the dbt project together."
        ) from error


def _written_query(
    connection: duckdb.DuckDBPyConnection, batch: Batch, parameters: dict[str, Any]
) -> str | None:
    writer = batch.query_writer or "select null"
    row = connection.execute(writer, _bound(connection, writer, parameters)).fetchone()
    return str(row[0]) if row and row[0] else None


def _bound(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any]
) -> dict[str, Any]:
    """The parameters that a query names: DuckDB refuses more than it asked for."""
    named = connection.extract_statements(query)[0].named_parameters
    return {name: value for name, value in parameters.items() if name in named}
