"""What lists cost at a million customers: `python tests/bench/bench_audiences.py [--customers N]`.

Prints a Markdown table. The customers are made up column by column, a tenth of them other than the day before, a fifth
of them merged out of two ids; the lists are those that come with Kith, and two of three models have changed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from ml.activate.audiences.before import write_version_before
from ml.activate.audiences.rules import customer_columns
from ml.activate.audiences.tables import used_audiences, write_audiences
from ml.data.warehouse import connect, write_table
from ml.home import Home
from ml.run import Run
from ml.serve.versions import Versions
from ml.transform import run_models

DAY = date(2026, 7, 1)
WORDS = {
    "_band": ["high", "medium", "low", None],
    "level": ["none", "micro", "weak", "strong", "super"],
    "life_stage": ["new", "won back", "lost", None],
    "_sensitivity": ["none", "low", "medium", "high"],
    "device_trend": ["falling", "steady", None, None],
}
LISTS = [
    "holdouts",
    "int_customer__before",
    "audience_members",
    "audiences",
    "audience_overlap",
    "audience_changes",
    "audience_stability",
]
MODELS = {"next_purchase": 30, "churn": 90, "share": 30}


def made_up(name: str, sql_type: str, salt: str) -> str:
    """SQL for one column of a customer `i`."""
    draw = f"hash(i, '{name}', {salt})"
    words = next((words for end, words in WORDS.items() if name.endswith(end)), None)
    if name == "customer_id":
        return "'c' || lpad(cast(i as varchar), 9, '0')"
    if words:
        told = ", ".join("null" if word is None else f"'{word}'" for word in words)
        return f"(array[{told}])[1 + cast({draw} % {len(words)} as integer)]"
    if sql_type == "varchar":
        return f"'word ' || ({draw} % 1000)"
    if sql_type == "boolean":
        return f"{draw} % 3 <> 0"
    return (
        f"{sql_type} '2026-06-01'"
        if sql_type in ("date", "timestamp")
        else f"cast({draw} % 200 as {sql_type})"
    )


def customers(count: int, salt: str) -> str:
    """A query for the customer table of a day."""
    columns = ", ".join(
        f"{made_up(name, kind, salt)} as {name}" for name, kind in customer_columns().items()
    )
    return f"select {columns} from range({count}) as numbers(i)"


def make_warehouse(home: Home, count: int) -> None:
    """What the lists are made of, and the version of the day before."""
    home.warehouse.mkdir(parents=True)
    folder = Versions(home).folder / "2026-06-30-before"
    folder.mkdir(parents=True)
    with connect(home) as connection:
        for schema in ("published", "identity", "scores", "control"):
            connection.execute(f"create schema {schema}")
        settings = {"holdout_key": "varchar", "profiling_default": "boolean"}
        write_table(connection, "control.settings", settings, [["holdout", True]])
        verdicts = {"target": "varchar", "horizon_days": "integer", "model_version": "varchar"}
        rows = [
            [target, days, "old" if target == "share" else "new"] for target, days in MODELS.items()
        ]
        write_table(connection, "scores.verdicts", verdicts, rows)
        moved = "case when i % 10 = 0 then 1 else 0 end"
        connection.execute(f"create table published.customers as {customers(count, moved)}")
        identity = "create table identity"
        connection.execute(
            f"{identity}.int_identity__records as select row_number() over (order by customer_id) as record_no, "
            "customer_id from published.customers"
        )
        connection.execute(
            f"{identity}.int_identity__customers_now as from identity.int_identity__records"
        )
        connection.execute(
            f"{identity}.customer_map as select record_no, customer_id from identity.int_identity__records union all "
            "select record_no, 'former ' || customer_id from identity.int_identity__records where record_no % 5 = 0"
        )
        write_audiences(connection, home, DAY)
        _write_former(connection, folder, count)
    models = [
        {"target": name, "horizon_days": days, "model_version": "old"}
        for name, days in MODELS.items()
    ]
    manifest = {"as_of_date": "2026-06-30", "models": models, "files": []}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _write_former(connection: duckdb.DuckDBPyConnection, folder: Path, count: int) -> None:
    lists = connection.execute(
        "select audience, condition, may_be_contacted from control.audiences"
    )
    members = " union all ".join(
        f"select '{audience}' as audience, customer_id, date '2026-06-01' as entered_at from former "
        f"where ({condition}) and {allowed}"
        for audience, condition, allowed in lists.fetchall()
    )
    connection.execute(f"create temp table former as {customers(count, '0')}")
    for table, query in {
        "customers": "from former",
        "audiences": "select audience, rule, channel from control.audiences",
        "audience_members": members,
    }.items():
        connection.execute(f"copy ({query}) to '{folder / table}.parquet' (format parquet)")


def timed(what: str, work: Callable[[], object]) -> None:
    """Do it and print a row of the table."""
    begun = time.perf_counter()
    work()
    print(f"| {what} | {time.perf_counter() - begun:.1f} s |", flush=True)


def main() -> None:
    """Make the customers up, make the lists, print what each step took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    count = parser.parse_args().customers
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        make_warehouse(home, count)
        run = Run.of(home.root, home.root / "landing", DAY, None, lambda _: None)
        print(f"| {count:,} customers, {len(used_audiences(DAY))} lists | time |\n|---|---|")

        def read_former() -> None:
            with connect(home) as connection:
                write_version_before(connection, run)

        timed("reading the version before", read_former)
        # dbt reads the project once; that is no cost of the lists.
        run_models(home, DAY, ["int_customer__before"], lambda _: None)
        timed(
            "who is held out",
            lambda: run_models(home, DAY, ["int_activation__holdouts"], lambda _: None),
        )
        timed("lists, changes, overlap", lambda: run_models(home, DAY, LISTS, lambda _: None))
        with connect(home, read_only=True) as connection:
            for table in ("audience_members", "audience_changes", "holdouts"):
                ((rows,),) = connection.execute(
                    f"select count(*) from published.{table}"
                ).fetchall()
                print(f"| rows in {table} | {rows:,} |")


if __name__ == "__main__":
    main()
