"""A back-load that changes an id says so; what is known later changes none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.home import Home
from ml.run import Run
from ml.serve.changed_ids import TABLE, find_changed_ids
from ml.serve.versions import Versions
from tests.serve.test_erase import add_version

DAY, EARLIER, LATER = date(2024, 6, 1), date(2024, 3, 1), date(2024, 7, 1)

# As of June, a1 and a2 are one customer, which is named after the older of them; bob left in June, b2 came later.
RECORDS = ["('web', 'a1', 'c-anna')", "('shop', 'a2', 'c-a2')", "('web', 'bob', 'c-bob')", "('web', 'cid', 'c-cid')",
           "('web', 'new', 'c-new')"]  # fmt: skip
CLUSTERS = ["(0, 0, '2024-03-01', null)", "(1, 0, '2024-03-01', null)", "(2, 0, '2024-03-01', '2024-06-01')",
            "(2, 2, '2024-06-01', null)", "(3, 3, '2024-03-01', '2024-06-20')", "(3, 2, '2024-06-20', null)",
            "(4, 4, '2024-06-15', null)"]  # fmt: skip


def warehouse(clusters: list[str]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema identity; create schema resolved")
    connection.execute(
        "create table identity.int_identity__records as select row_number() over () - 1 as record_no, * "
        f"from (values {', '.join(RECORDS)}) as records (source, source_key, customer_id)"
    )
    connection.execute(
        "create table resolved.record_customers as select record_no, head_record_no, valid_from::date as valid_from, "
        f"valid_to::date as valid_to from (values {', '.join(clusters)}) as clusters "
        "(record_no, head_record_no, valid_from, valid_to)"
    )
    return connection


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    add_version(home)
    return home


def run_of(home: Home, day: date, said: list[str]) -> Run:
    return Run(home, home.root / "landing", day, [], said.append)


@pytest.mark.parametrize("day", [DAY, LATER])
def test_what_is_known_later_changes_no_id(home: Home, day: date) -> None:
    said: list[str] = []
    with warehouse(CLUSTERS) as connection:
        assert find_changed_ids(connection, run_of(home, day, said), lambda day: "d") is None
        assert connection.execute(f"select count(*) from {TABLE}").fetchone() == (0,)
    assert said == []


@pytest.mark.parametrize("same_rows", [True, False])
def test_ids_that_are_others_now_are_counted_and_listed(home: Home, same_rows: bool) -> None:
    """The older record of the three turns out to be a2: three records have another id."""
    manifest = home.published / "versions" / "2024-06-01-aaa" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"run_id"', '"landing_digest": "d", "run_id"'))
    changed = [
        "(0, 1, '2024-03-01', null)",
        "(1, 1, '2024-03-01', null)",
        "(2, 1, '2024-03-01', null)",
    ]
    said: list[str] = []
    asked: list[date] = []

    def digest(day: date) -> str:
        asked.append(day)
        return "d" if same_rows else "e"

    with warehouse([*changed, *CLUSTERS[4:]]) as connection:
        found = find_changed_ids(connection, run_of(home, LATER, said), digest)
        rows = connection.execute(f"from {TABLE}").fetchall()
    assert asked == [DAY]
    assert found is not None
    assert found.as_json() == {
        "version": "2024-06-01-aaa",
        "records": 3,
        "ids": 2,
        "same_rows": same_rows,
    }
    assert rows == [
        ("shop", "a2", "c-anna", "c-a2", "2024-06-01-aaa"),
        ("web", "a1", "c-anna", "c-a2", "2024-06-01-aaa"),
        ("web", "bob", "c-bob", "c-a2", "2024-06-01-aaa"),
    ]
    (line,) = said
    assert "WARNING: 3 records (shop: 1, web: 2) with 2 ids of the version 2024-06-01-aaa" in line
    assert ("so the settings or Kith itself changed" in line) == same_rows
    assert ("as after a back-load" in line) != same_rows
    assert "a1" not in line


def test_there_may_be_nothing_to_compare_with(home: Home, tmp_path: Path) -> None:
    """No version, or only one for a later day."""
    said: list[str] = []
    for place, day in ((Home(tmp_path / "empty"), DAY), (home, EARLIER)):
        with warehouse(["(0, 1, '2024-03-01', null)"]) as connection:
            assert find_changed_ids(connection, run_of(place, day, said), lambda day: "d") is None
    assert said == []


def test_of_one_day_the_version_that_readers_see_counts(home: Home) -> None:
    other = add_version(home, "2024-06-01-zzz") / "identity_map.parquet"
    rows = pq.read_table(other).to_pylist()
    pq.write_table(pa.Table.from_pylist([row | {"customer_id": "c-x"} for row in rows]), other)
    for name, records in (("2024-06-01-aaa", 0), ("2024-06-01-zzz", 4)):
        Versions(home).make_current_if_not_older(name, DAY)
        with warehouse(CLUSTERS) as connection:
            found = find_changed_ids(connection, run_of(home, DAY, []), lambda day: "d")
        assert (found.records if found else 0) == records
