"""The lake and the desk: where tables lie under Spark, and how Python goes on seeing one warehouse.

Under Spark every table that dbt builds is a folder of Parquet, `<schema>.db/<table>`: the lake. The DuckDB file
is the desk of the steps that are one process by nature: what Python writes are tables there, and each table of
the lake is a view of its folder. Before dbt starts, the tables that it reads as sources are handed over to the
lake; after it, the views are made again.

`catalog.json` lists the tables of the lake, each with its columns (name, and type as Spark says it) and what it
is partitioned by; those of the desk also with a stamp of their rows. dbt's companion reads and writes it, too.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import duckdb

from ml.data.sql_text import literal
from ml.home import DBT_PROJECT

CATALOG = "catalog.json"
SHOWN_FROM = "shown_from.txt"  # the folder that the desk's views name: a home may be moved
ROWS = "rows.parquet"

# What Spark calls a type, where DuckDB calls it otherwise.
TO_SPARK = {
    "varchar": "string",
    "integer": "int",
    "timestamp": "timestamp_ntz",
    "hugeint": "decimal(38,0)",
    "ubigint": "decimal(20,0)",
    "uinteger": "bigint",
    "utinyint": "smallint",
    "usmallint": "int",
}
TO_DUCKDB = {"string": "varchar", "int": "integer", "timestamp_ntz": "timestamp"}


@dataclass(frozen=True)
class LakeTable:
    """A table of the lake; `stamp` is empty for one that dbt built."""

    columns: dict[str, str]
    partitioned_by: list[str] = field(default_factory=list)
    stamp: str = ""


class Lake:
    """The tables of a folder, as its catalog lists them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def tables(self) -> dict[str, LakeTable]:
        """Every table by `schema.table`; none where the catalog is absent or damaged, as in a warehouse to build."""
        try:
            found = json.loads((self.root / CATALOG).read_text(encoding="utf-8"))
            return {name: LakeTable(**entry) for name, entry in found.items()}
        except (OSError, ValueError, TypeError):
            return {}

    def place(self, name: str) -> Path:
        """The folder of a table."""
        schema, table = name.split(".")
        return self.root / f"{schema}.db" / table

    def drop_schema(self, schema: str) -> None:
        """Remove the tables of a schema."""
        tables = self.tables()
        for name in [name for name in tables if name.startswith(f"{schema}.")]:
            del tables[name]
        self._save(tables)
        shutil.rmtree(self.root / f"{schema}.db", ignore_errors=True)

    def hand_over(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Copy to the lake what dbt reads from the desk and has changed there; what is gone there goes here."""
        tables = self.tables()
        on_desk = {
            f"{schema}.{table}"
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_tables()"
            ).fetchall()
        }
        for name in sorted(desk_sources()):
            if name not in on_desk:
                if tables.pop(name, None):
                    shutil.rmtree(self.place(name), ignore_errors=True)
                continue
            known = tables.get(name)
            given = _described(connection, name)
            if known != given:
                self._write(connection, name, given)
                tables[name] = given
        self._save(tables)

    def show(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the desk's views of the lake's tables anew."""
        tables = {name: table for name, table in self.tables().items() if not table.stamp}
        views = connection.execute(
            "select schema_name || '.' || view_name from duckdb_views() where not internal"
        ).fetchall()
        for (name,) in views:
            if name not in tables:
                connection.execute(f"drop view {name}")
        for schema in sorted({name.split(".")[0] for name in tables}):
            connection.execute(f"create schema if not exists {schema}")
        for name, table in tables.items():
            connection.execute(f"create or replace view {name} as {self._query(name, table)}")
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / SHOWN_FROM).write_text(str(self.root), encoding="utf-8")

    def has_moved(self) -> bool:
        """Do the desk's views name another folder, because the home was copied or renamed?"""
        try:
            return (self.root / SHOWN_FROM).read_text(encoding="utf-8") != str(self.root)
        except OSError:
            return False

    def _query(self, name: str, table: LakeTable) -> str:
        place = self.place(name)
        files = "/".join([*(f"{column}=*" for column in table.partitioned_by), "*.parquet"])
        if next(place.glob(files), None) is None:
            columns = ", ".join(
                f'cast(null as {to_duckdb(spark_type)}) as "{column}"'
                for column, spark_type in table.columns.items()
            )
            return f"select {columns} where false"
        this_folder = re.sub(r"([\[*?])", r"[\1]", str(place))
        pattern = literal(f"{this_folder}/{files}")
        if not table.partitioned_by:
            return f"select * from read_parquet({pattern}, hive_partitioning = false)"
        types = ", ".join(
            f"'{column}': {to_duckdb(table.columns[column])}" for column in table.partitioned_by
        )
        listed = ", ".join(f'"{column}"' for column in table.columns)
        return (
            f"select {listed} from read_parquet({pattern}, hive_partitioning = true, "
            f"hive_types = {{{types}}})"
        )

    def _write(self, connection: duckdb.DuckDBPyConnection, name: str, table: LakeTable) -> None:
        place = self.place(name)
        place.mkdir(parents=True, exist_ok=True)
        part = place / f".{ROWS}.part"
        # DuckDB writes its widest numbers as doubles.
        texts = [
            f'cast("{column}" as {spark_type}) as "{column}"'
            if spark_type.startswith("decimal")
            else f'"{column}"'
            for column, spark_type in table.columns.items()
        ]
        connection.execute(
            f"copy (select {', '.join(texts)} from {name}) to {literal(part)} (format parquet)"
        )
        part.replace(place / ROWS)

    def _save(self, tables: dict[str, LakeTable]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        part = self.root / f"{CATALOG}.part"
        listed = {name: asdict(table) for name, table in sorted(tables.items())}
        part.write_text(json.dumps(listed, indent=1), encoding="utf-8")
        part.replace(self.root / CATALOG)


@cache
def desk_sources() -> frozenset[str]:
    """The tables that the dbt project reads and does not build, as `schema.table`; files of the raw layer aside."""
    import yaml  # only Spark needs it

    found = set()
    for path in (DBT_PROJECT / "models").rglob("*.yml"):
        declared = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for source in declared.get("sources", []):
            if "schema" in source:
                found |= {f"{source['schema']}.{table['name']}" for table in source["tables"]}
    return frozenset(found)


def to_spark(duckdb_type: str) -> str:
    """What Spark calls a type of DuckDB."""
    lower = duckdb_type.lower()
    if lower.endswith("[]"):
        return f"array<{to_spark(lower.removesuffix('[]'))}>"
    return TO_SPARK.get(lower, lower)


def to_duckdb(spark_type: str) -> str:
    """What DuckDB calls a type of Spark."""
    if spark_type.startswith("array<"):
        return f"{to_duckdb(spark_type[6:-1])}[]"
    return TO_DUCKDB.get(spark_type, spark_type)


def _described(connection: duckdb.DuckDBPyConnection, name: str) -> LakeTable:
    """Columns of a desk's table, and a stamp that changes with its rows, not with their order."""
    columns = {
        row[0]: to_spark(row[1]) for row in connection.execute(f"describe {name}").fetchall()
    }
    counted = connection.execute(f"select count(*), sum(hash(t)) from {name} as t").fetchone()
    return LakeTable(columns, stamp=hashlib.sha256(f"{counted}".encode()).hexdigest()[:16])
