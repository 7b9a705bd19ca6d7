"""How the islands deliver: which files, which formats, what comes twice and what comes broken."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ml.data.demo.parameters import DemoParameters
from ml.data.landing_writer import write_landing_file

MARKETPLACE_OFFSET_HOURS = 7
"""The marketplace reports in its own zone, with the offset written out."""

FEW_ROWS = 150
"""Below that a single bad row would be a large share."""

RUINED = {
    "profiles": ("known_at", ("", "yesterday")),
    "identifiers": ("id_value", ("",)),
    "links": ("decision", ("maybe", "")),
    "orders": ("occurred_at", ("", "31/02/2026", "0000-00-00")),
    "order_lines": ("quantity", ("two", "")),
    "products": ("product_id", ("",)),
    "interactions": ("kind", ("",)),
    "shares": ("outcome", ("viral", "lost")),
    "contacts": ("outcome", ("bounced?", "n/a")),
    "consents": ("granted", ("perhaps", "")),
    "measurements": ("value", ("high", "")),
}
"""Per entity the required or closed column that some rows break, and what stands there instead."""


SMUDGED = {"orders": ("discount", "staff price")}
"""Per entity an optional column where some values are no values: the row stays, the value goes."""


@dataclass
class Delivery:
    """Writes the tables of all islands; counts rows, bad rows and repeats per entity."""

    landing: Path
    parameters: DemoParameters
    rng: np.random.Generator
    rows: dict[str, int] = field(default_factory=dict)
    bad_rows: dict[str, int] = field(default_factory=dict)
    repeated_rows: dict[str, int] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)

    def parquet(self, entity: str, name: str, table: pa.Table, parts: int = 1) -> None:
        """Write a table as Parquet, in one or several files."""
        size = -(-table.num_rows // parts)
        for part in range(parts):
            suffix = f"-{part + 1}" if parts > 1 else ""
            piece = table.slice(part * size, size)
            self._write(entity, f"{name}{suffix}.parquet", piece)

    def csv(self, entity: str, name: str, table: pa.Table, bad: bool = False) -> None:
        """Write a table as CSV; with ``bad`` some rows of it are repeated in broken form."""
        text = as_text(table)
        if bad and table.num_rows:
            share = self.parameters.bad_rows
            count = max(round(table.num_rows * share), int(table.num_rows > FEW_ROWS))
            broken = self._spoil(entity, text, count)
            text = pa.concat_tables([self._smudge(entity, text), broken])
            self.bad_rows[entity] = self.bad_rows.get(entity, 0) + count
        self._write(entity, f"{name}.csv", text)

    def again(self, entity: str, name: str, table: pa.Table) -> None:
        """Deliver some rows a second time, unchanged, in a file of their own."""
        count = round(table.num_rows * self.parameters.repeated_delivery)
        chosen = np.sort(self.rng.choice(table.num_rows, count, replace=False))
        self.repeated_rows[entity] = self.repeated_rows.get(entity, 0) + count
        self._write(entity, f"{name}-resent.parquet", table.take(pa.array(chosen)))

    def _spoil(self, entity: str, text: pa.Table, count: int) -> pa.Table:
        column, values = RUINED[entity]
        chosen = np.sort(self.rng.choice(text.num_rows, count, replace=False))
        broken = text.take(pa.array(chosen))
        ruin = pa.array([values[i % len(values)] or None for i in range(count)], pa.string())
        return broken.set_column(text.column_names.index(column), column, ruin)

    def _smudge(self, entity: str, text: pa.Table) -> pa.Table:
        if entity not in SMUDGED:
            return text
        column, value = SMUDGED[entity]
        bad = pa.array(self.rng.random(text.num_rows) < self.parameters.bad_optional_values)
        return text.set_column(
            text.column_names.index(column), column, pc.if_else(bad, value, text[column])
        )

    def _write(self, entity: str, name: str, table: pa.Table) -> None:
        write_landing_file(self.landing, entity, name, table)
        self.rows[entity] = self.rows.get(entity, 0) + table.num_rows
        for source, key in KEY_COLUMNS.get(entity, ()):
            if key in table.column_names and table.num_rows:
                self._remember(table, source, key)

    def _remember(self, table: pa.Table, source: str, key: str) -> None:
        pairs = table.select([source, key]).group_by([source, key]).aggregate([])
        for owner, value in zip(pairs[source].to_pylist(), pairs[key].to_pylist(), strict=True):
            if owner and value:
                self.keys.setdefault(owner, set()).add(value)


KEY_COLUMNS = {
    "profiles": (("source", "source_key"),),
    "identifiers": (("source", "source_key"),),
    "links": (("left_source", "left_key"), ("right_source", "right_key")),
    "orders": (("source", "source_key"), ("source", "seller_key")),
    "interactions": (("source", "source_key"),),
    "shares": (("source", "inviter_key"), ("source", "invitee_key")),
    "contacts": (("source", "source_key"),),
    "consents": (("source", "source_key"),),
    "measurements": (("source", "source_key"),),
}
"""Where record keys stand, to know which of them the landing zone really holds."""


def as_text(table: pa.Table) -> pa.Table:
    """Every column as the text a CSV export would hold: whole seconds, plain decimals."""
    columns = []
    for column in table.columns:
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("s"))
        columns.append(column.cast(pa.string()))
    return pa.table(columns, names=table.column_names)


def with_offset(table: pa.Table) -> pa.Table:
    """The brand's instants (UTC) as the marketplace writes them: its own time, with offset."""
    for name in ("occurred_at", "known_at"):
        shifted = pc.add(
            table[name].cast(pa.timestamp("s")),
            pa.scalar(MARKETPLACE_OFFSET_HOURS * 3600, pa.duration("s")),
        )
        text = pc.strftime(shifted, format="%Y-%m-%dT%H:%M:%S")
        text = pc.binary_join_element_wise(text, f"+{MARKETPLACE_OFFSET_HOURS:02d}:00", "")
        table = table.set_column(table.column_names.index(name), name, text)
    return table


DELIVERED_FILES = frozenset(
    f"{entity}/{name}"
    for entity, names in {
        "profiles": [
            "web.parquet",
            "app.parquet",
            "till.csv",
            "loyalty.parquet",
            "marketplace.csv",
            "social.parquet",
            "service.parquet",
        ],
        "identifiers": ["till.csv", "online.parquet"],
        "links": ["service-desk.csv"],
        "consents": ["loyalty.csv", "online.parquet"],
        "products": ["catalogue.csv"],
        "orders": [
            "web.parquet",
            "app.parquet",
            "till.csv",
            "marketplace.parquet",
            *(f"{shop}-changes.parquet" for shop in ("web", "app", "till", "marketplace")),
            "web-resent.parquet",
        ],
        "order_lines": [
            "web.parquet",
            "app.parquet",
            "till.csv",
            "marketplace.parquet",
            "web-resent.parquet",
        ],
        "interactions": [
            *(f"{s}-{n}.parquet" for s in ("web", "app") for n in range(1, 5)),
            "app-resent.parquet",
            "service.csv",
        ],
        "shares": ["app.parquet", "social.csv"],
        "contacts": ["web-1.parquet", "web-2.parquet", "app.parquet", "loyalty.csv"],
        "measurements": ["watch.parquet", "watch-recent.csv"],
    }.items()
    for name in names
)
"""Files are the same for any size and seed, so that writing again leaves no stale one."""
