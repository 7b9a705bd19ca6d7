"""The tables that the matcher writes."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from ml.data.warehouse import write_table
from ml.matching.comparisons import COMPARISONS, LEVELS, splink_level
from ml.matching.epochs import Epoch, Learned
from ml.matching.parameters import Parameters
from ml.matching.scores import COLUMNS

PAIRS = {
    "left_record_no": "bigint",
    "right_record_no": "bigint",
    "left_state_no": "bigint",
    "right_state_no": "bigint",
    "epoch": "integer",
    "known_at": "timestamp",
    "valid_from": "date",
    **COLUMNS,
}
DOUBTS = {
    "left_record_no": "bigint",
    "right_record_no": "bigint",
    "known_at": "timestamp",
    "ended_at": "timestamp",
    "weight": "double",
}
PARAMETERS = {
    "epoch": "integer",
    "learned_on": "date",
    "states": "bigint",
    "partners": "double",
    "comparison": "varchar",
    "level": "tinyint",
    "label": "varchar",
    "m": "double",
    "u": "double",
}


def write_matched(connection: duckdb.DuckDBPyConnection, learned: Learned) -> int:
    """Put `accepted`, `doubts` and what was learned into the schema `matched` of the warehouse."""
    connection.execute("create schema if not exists warehouse.matched")
    first = (
        "partition by left_record_no, right_record_no order by valid_from, known_at, match_weight desc, "
        "left_state_no, right_state_no"
    )
    connection.execute(
        "create or replace table warehouse.matched.pairs as select * from accepted "
        f"qualify row_number() over ({first}) = 1 order by all"
    )
    # Only inside what would else be one cluster do doubts refuse anything.
    connection.execute(
        "create or replace table warehouse.matched.doubts as select doubts.* from doubts "
        "inner join clusters as l on left_record_no = l.record_no "
        "inner join clusters as r on right_record_no = r.record_no and l.cluster = r.cluster order by all"
    )
    rows = [row for epoch, parameters in learned for row in _rows(epoch, parameters)]
    write_table(connection, "parameters", PARAMETERS, pa.Table.from_pylist(rows))
    connection.execute(
        "create or replace table warehouse.matched.parameters as select * from parameters order by all"
    )
    count = connection.execute("select count(*) from warehouse.matched.pairs").fetchone()
    return int(count[0]) if count else 0


def _rows(epoch: Epoch, parameters: Parameters) -> list[dict[str, object]]:
    return [
        {
            "epoch": epoch.number,
            "learned_on": epoch.begins,
            "states": parameters.states,
            "partners": parameters.partners,
            "comparison": name,
            "level": splink_level(name, level.label),
            "label": level.label,
            "m": parameters.m[name][place],
            "u": parameters.u[name][place],
        }
        for name in COMPARISONS
        for place, level in enumerate(LEVELS[name][1:])
    ]
