"""What dbt's companion knows of the lake: the Spark session, and which tables its catalog in memory starts with.

A session begins knowing no table. `catalog.json` in the lake's folder lists them: those that dbt built, whose
folders go when they are dropped, and those that were handed over, each with a stamp of its rows.
"""

import json
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession


class Lake:
    """The tables of a folder and those that this session knows, kept alike."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, dict[str, Any]] = {}
        self._session = SparkSession.builder.getOrCreate()

    def register(self) -> None:
        """Make every listed table known that is new or has changed, and forget those that are gone."""
        listed = self._listed()
        for schema in {name.split(".")[0] for name in listed}:
            self._session.sql(f"create schema if not exists {schema}")
        for name, entry in self._known.items():
            if listed.get(name) != entry:
                self._session.sql(f"drop table if exists {name}")
        for name, entry in listed.items():
            if self._known.get(name) != entry:
                self._create(name, entry)
        self._known = listed

    def record(self, names: list[str]) -> None:
        """List these tables as dbt has just left them."""
        listed = self._listed()
        for name in names:
            listed.pop(name, None)
            if self._session.catalog.tableExists(name):
                metadata = self._metadata(name)
                if metadata.tableType().name() != "VIEW":
                    self._own(name)
                    partitions = metadata.partitionColumnNames().mkString(",")
                    listed[name] = {
                        "columns": dict(self._session.table(name).dtypes),
                        "partitioned_by": partitions.split(",") if partitions else [],
                        "stamp": "",
                    }
        part = self._root / "catalog.json.part"
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(dict(sorted(listed.items())), indent=1), encoding="utf-8")
        part.replace(self._root / "catalog.json")
        self._known = listed

    def _listed(self) -> dict[str, dict[str, Any]]:
        try:
            listed: dict[str, dict[str, Any]] = json.loads(
                (self._root / "catalog.json").read_text(encoding="utf-8")
            )
        except FileNotFoundError:
            return {}
        return listed

    def _create(self, name: str, entry: dict[str, Any]) -> None:
        schema, table = name.split(".")
        columns = ", ".join(f"`{column}` {kind}" for column, kind in entry["columns"].items())
        partitions = ", ".join(f"`{column}`" for column in entry["partitioned_by"])
        place = str(self._root / f"{schema}.db" / table).replace("\\", "\\\\").replace("'", "\\'")
        self._session.sql(
            f"create table {name} ({columns}) using parquet "
            + (f"partitioned by ({partitions}) " if partitions else "")
            + f"location '{place}'"
        )
        if partitions:
            self._session.sql(f"alter table {name} recover partitions")
        if not entry["stamp"]:
            self._own(name)

    def _own(self, name: str) -> None:
        """Let dropping a table remove its folder. SQL gives this to tables without a location only."""
        metadata = self._metadata(name)
        fields = [
            getattr(metadata, f"copy$default${number}")()
            for number in range(1, metadata.productArity() + 1)
        ]
        fields[1] = self._java.org.apache.spark.sql.catalyst.catalog.CatalogTableType.MANAGED()
        self._catalog.alterTable(metadata.copy(*fields))

    def _metadata(self, name: str) -> Any:
        schema, table = name.split(".")
        identifier = self._java.org.apache.spark.sql.catalyst.TableIdentifier(
            table, self._java.scala.Option.apply(schema)
        )
        return self._catalog.getTableMetadata(identifier)

    @property
    def _java(self) -> Any:
        return self._session.sparkContext._jvm

    @property
    def _catalog(self) -> Any:
        return self._session._jsparkSession.sessionState().catalog()
