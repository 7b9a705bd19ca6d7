"""The lake and the desk: what Python writes reaches Spark's side once, what dbt built is seen here with its types."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from ml.data.lake import CATALOG, ROWS, Lake, LakeTable, desk_sources, to_duckdb, to_spark
from ml.data.warehouse import connect, drop_schema, handed_over, remove_tables, table_exists
from ml.home import Home

TYPES = {
    "a_text": ("string", "varchar", "'it''s'"),
    "money": ("decimal(18,4)", "decimal(18,4)", "12.3400"),
    "wide": ("decimal(38,0)", "decimal(38,0)", "123456789012345678901234567890"),
    "at": ("timestamp_ntz", "timestamp", "timestamp '2026-03-29 02:30:00.123456'"),
    "day": ("date", "date", "date '0001-01-01'"),
    "small": ("float", "float", "0.1"),
    "large": ("double", "double", "0.1"),
    "count": ("bigint", "bigint", "9007199254740993"),
    "place": ("int", "integer", "7"),
    "is_so": ("boolean", "boolean", "true"),
    "bits": ("array<double>", "double[]", "[1.5, null]"),
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    root = tmp_path / "a [home] *"
    root.mkdir()
    (root / "kith.toml").write_text('engine = "spark"\n', encoding="utf-8")
    return Home(root)


def built(
    home: Home, name: str, query: str, table: LakeTable, file: str = "part-0.parquet"
) -> None:
    """What dbt leaves in the lake: a folder of Parquet, and a line in the catalog."""
    place = Lake(home.lake).place(name)
    (place / file).parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.sql(query).write_parquet(str(place / file))
    listed = {known: asdict(entry) for known, entry in Lake(home.lake).tables().items()}
    (home.lake / CATALOG).write_text(json.dumps({**listed, name: asdict(table)}), encoding="utf-8")


def test_what_dbt_built_is_seen_on_the_desk_with_the_types_that_duckdb_gives_it(home: Home) -> None:
    values = ", ".join(
        f"cast({value} as {kind}) as {column}" for column, (_, kind, value) in TYPES.items()
    )
    with handed_over(home):
        columns = {column: kind for column, (kind, _, _) in TYPES.items()}
        built(home, "events.odd", f"select {values}", LakeTable(columns))
    with connect(home, read_only=True) as connection:
        seen = connection.execute("select * from events.odd")
        assert [column[1] for column in seen.description] == [
            column[1] for column in duckdb.sql(f"select {values}").description
        ]
        assert seen.fetchall() == duckdb.sql(f"select {values}").fetchall()
        assert table_exists(connection, "events.odd")


@pytest.mark.parametrize("column", TYPES)
def test_types_have_a_name_on_both_sides(column: str) -> None:
    spark, duck, _ = TYPES[column]
    assert (to_spark(duck.upper()), to_duckdb(spark)) == (spark, duck)


def test_a_snapshot_table_has_its_dates_from_its_folders_and_may_have_none(home: Home) -> None:
    table = LakeTable({"customer_id": "string", "as_of_date": "date"}, ["as_of_date"])
    with handed_over(home):
        for day in ("2026-01-01", "2026-02-01"):
            built(
                home,
                "features.a",
                "select 'x' as customer_id",
                table,
                f"as_of_date={day}/0.parquet",
            )
        (home.lake / "features.db" / "none").mkdir()
        listed = {name: asdict(entry) for name, entry in Lake(home.lake).tables().items()}
        (home.lake / CATALOG).write_text(json.dumps({**listed, "features.none": asdict(table)}))
    with connect(home) as connection:
        rows = connection.execute("select customer_id, cast(as_of_date as varchar) from features.a")
        assert sorted(rows.fetchall()) == [("x", "2026-01-01"), ("x", "2026-02-01")]
        empty = connection.execute("select * from features.none")
        assert [str(column[1]) for column in empty.description] == ["VARCHAR", "DATE"]
        assert empty.fetchall() == []


def test_only_what_changed_is_handed_over_and_what_is_gone_goes(home: Home) -> None:
    def handed() -> dict[str, int]:
        with handed_over(home):
            return {
                name: (Lake(home.lake).place(name) / ROWS).stat().st_mtime_ns
                for name in Lake(home.lake).tables()
            }

    with connect(home) as connection:
        connection.execute("create schema control; create schema scores; create schema mine")
        connection.execute("create table control.run as select 'a' as run_id")
        connection.execute("create table scores.verdicts as select 1::hugeint as n, 'b' as target")
        connection.execute("create table mine.own as select 1 as not_for_dbt")
    first = handed()
    assert set(first) == {"control.run", "scores.verdicts"}
    assert handed() == first
    with connect(home) as connection:
        connection.execute("update control.run set run_id = 'c'")
        drop_schema(connection, home, "scores")
    second = handed()
    assert set(second) == {"control.run"}
    assert second["control.run"] != first["control.run"]
    assert duckdb.sql(f"from '{next(home.lake.glob('control.db/run/*.parquet'))}'").fetchall() == [
        ("c",)
    ]
    assert not (home.lake / "scores.db" / "verdicts").exists()


def test_a_dropped_schema_is_gone_on_both_sides(home: Home) -> None:
    with handed_over(home):
        built(home, "features.a", "select 1 as x", LakeTable({"x": "int"}))
        built(home, "events.b", "select 2 as x", LakeTable({"x": "int"}))
    with connect(home) as connection:
        drop_schema(connection, home, "features")
        assert not table_exists(connection, "features.a")
        assert table_exists(connection, "events.b")
    assert set(Lake(home.lake).tables()) == {"events.b"}
    assert not (home.lake / "features.db").exists()


def test_a_home_may_be_copied(home: Home, tmp_path: Path) -> None:
    with handed_over(home):
        built(home, "events.b", "select 2 as x", LakeTable({"x": "int"}))
    shutil.copytree(home.root, tmp_path / "copy")
    shutil.rmtree(home.root)
    with connect(Home(tmp_path / "copy"), read_only=True) as connection:
        assert connection.execute("select x from events.b").fetchall() == [(2,)]


def test_removing_the_tables_leaves_the_raw_layer(home: Home) -> None:
    with handed_over(home):
        built(home, "events.b", "select 2 as x", LakeTable({"x": "int"}))
    home.raw.mkdir()
    remove_tables(home)
    assert sorted(path.name for path in home.warehouse.iterdir()) == ["raw"]


def test_under_duckdb_nothing_is_handed_over(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with connect(home) as connection:
        connection.execute("create schema control; create table control.run as select 1 as x")
    with handed_over(home):
        assert not home.lake.exists()


def test_the_sources_of_the_project_are_found() -> None:
    assert {
        "control.settings",
        "matched.pairs",
        "resolved.households",
        "scores.verdicts",
    } <= desk_sources()
    assert not {name for name in desk_sources() if name.startswith("landing.")}
