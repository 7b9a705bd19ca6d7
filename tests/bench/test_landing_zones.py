"""The copies of the demo brand are whole, are strangers to each other, and are the same each time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from landing_rows import DAYS_ALONE
from landing_zones import KEPT_SHARE, Zone, landing_zone

from ml.data.demo.corruption import JUNK_EMAILS, JUNK_PHONES, SHOP_PHONES

CUSTOMERS, MONTHS, COPIES = 300, 6, 3
KEYS = {
    "orders": "order_id",
    "order_lines": "order_id",
    "shares": "share_id",
    "contacts": "contact_id",
}
NOBODYS = {*JUNK_EMAILS, *JUNK_PHONES, *SHOP_PHONES}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def one(folder: Path) -> Zone:
    return landing_zone(1, folder, CUSTOMERS, MONTHS)


@pytest.fixture(scope="module")
def zone(folder: Path, one: Zone) -> Zone:
    wanted = (COPIES - 1) * one.rows["order_lines"] + 1
    made = landing_zone(wanted, folder, CUSTOMERS, MONTHS)
    assert (one.copies, made.copies) == (1, COPIES)
    assert made.rows["order_lines"] >= wanted
    return made


@pytest.fixture
def rows(zone: Zone) -> Iterator[duckdb.DuckDBPyConnection]:
    """A view per entity."""
    with duckdb.connect() as connection:
        for place in zone.landing.iterdir():
            connection.execute(
                f"create view {place.name} as select * from read_parquet('{place}/*.parquet')"
            )
        yield connection


def counts(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[int, ...]]:
    return connection.execute(query).fetchall()


def test_every_entity_has_as_many_rows_per_copy_as_the_demo(one: Zone, zone: Zone) -> None:
    for name, found in zone.rows.items():
        if name == "products":
            assert found == one.rows[name]
        elif name not in KEPT_SHARE:
            assert found == COPIES * one.rows[name]
        else:  # which people are kept changes from copy to copy
            assert 0 < found < COPIES * one.rows["consents"]


def test_about_the_stated_share_of_people_is_kept(rows: duckdb.DuckDBPyConnection) -> None:
    who = "count(distinct right(source_key, 1)), count(distinct source_key)"
    _, measured = counts(rows, f"select {who} from interactions")[0]
    _, everybody = counts(rows, f"select {who} from profiles where source in ('web', 'app')")[0]
    assert 0.3 * KEPT_SHARE["interactions"] < measured / everybody < 2 * KEPT_SHARE["interactions"]


@pytest.mark.parametrize("name", KEYS)
def test_every_copy_has_as_many_keys(rows: duckdb.DuckDBPyConnection, name: str) -> None:
    by_copy = counts(
        rows,
        f"select split_part({KEYS[name]}, '-', -1) as copy, count(distinct (source, {KEYS[name]})) as keys "
        f"from {name} group by copy",
    )
    assert len(by_copy) == COPIES
    # Whose rows are kept changes from copy to copy; otherwise a key met twice would be missing in one of them.
    assert name in KEPT_SHARE or len({keys for _, keys in by_copy}) == 1


def test_shares_stay_within_a_copy(rows: duckdb.DuckDBPyConnection) -> None:
    met, apart = counts(
        rows,
        "select count(*), count(*) filter (where split_part(inviter_key, '-', 2) <> split_part(invitee_key, '-', 2)) "
        "from shares where invitee_key is not null",
    )[0]
    assert met > 0
    assert apart == 0


@pytest.mark.parametrize(
    ("column", "plain"),
    [("email", "lower(email)"), ("phone", "right(replace(phone, ' ', ''), 10)")],
)
def test_people_of_two_copies_share_no_mailbox_and_no_number(
    rows: duckdb.DuckDBPyConnection, column: str, plain: str
) -> None:
    held = counts(
        rows,
        f"select any_value({column}), count(distinct split_part(source_key, '-', 2)) as copies "
        f"from profiles where {column} is not null group by {plain}",
    )
    shared = {value for value, copies in held if copies > 1}
    assert len(held) > CUSTOMERS
    assert shared <= NOBODYS


def test_names_are_drawn_anew(rows: duckdb.DuckDBPyConnection) -> None:
    """A record and its copy bear the same name as rarely as strangers do."""
    same, pairs = counts(
        rows,
        "select count(*) filter (where (one.given_name, one.family_name) = (other.given_name, other.family_name)), "
        "count(*) from profiles as one inner join profiles as other on one.source = other.source "
        "and split_part(one.source_key, '-', 1) = split_part(other.source_key, '-', 1) "
        "and one.source_key < other.source_key where one.family_name is not null and other.family_name is not null",
    )[0]
    assert pairs > CUSTOMERS
    assert same < 0.03 * pairs


def test_instants_keep_their_day_and_their_order(
    one: Zone, rows: duckdb.DuckDBPyConnection
) -> None:
    wrong, moved = counts(
        rows,
        f"""
        select
            count(*) filter (where cast(copied.occurred_at as date) <> cast(demo.occurred_at as date)
                or cast(copied.known_at as date) <> cast(demo.known_at as date)
                or copied.known_at < copied.occurred_at),
            count(*) filter (where copied.occurred_at <> demo.occurred_at)
        from orders as copied
        inner join read_parquet('{one.landing}/orders/*.parquet') as demo
            on split_part(copied.order_id, '-', 1) = split_part(demo.order_id, '-', 1)
            and copied.source = demo.source and copied.status is not distinct from demo.status
            and cast(copied.known_at as date) = cast(demo.known_at as date)
        """,
    )[0]
    assert moved > 0
    assert wrong == 0


def test_each_of_the_last_days_has_files_of_its_own(zone: Zone) -> None:
    for back in range(1, DAYS_ALONE + 1):
        day = zone.end - timedelta(days=back)
        assert zone.files_of(day)
        for file in zone.files_of(day):
            rows = duckdb.read_parquet(str(file))
            known = [name for name in ("known_at", "occurred_at") if name in rows.columns]
            if known:  # lines come with their order
                instant = f"cast(coalesce({', '.join(known)}) as date)"
                assert rows.aggregate(f"min({instant}), max({instant})").fetchall() == [(day, day)]


def test_the_same_call_makes_the_same_bytes(zone: Zone, tmp_path: Path) -> None:
    again = landing_zone(
        (COPIES - 1) * (zone.rows["order_lines"] // COPIES) + 1, tmp_path, CUSTOMERS, MONTHS
    )
    assert [file.name for file in again.files] == [file.name for file in zone.files]
    assert all(
        one.read_bytes() == other.read_bytes()
        for one, other in zip(zone.files, again.files, strict=True)
    )
