"""Erased people: what is remembered of them, what is left out, and that everybody else stays who they were."""

from __future__ import annotations

import csv
import json
import random
import stat
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.data.contract import entities
from ml.data.erased_person import records_of_customer, remember
from ml.data.erasure_filter import NAMED, OWNERS, ErasureFilter
from ml.data.erasures import KINDS, Erasures, load_erasures, token_sql
from ml.data.landed_person import orders_of
from ml.data.landing import discover
from ml.data.raw_layer import ingest, rows_left_out
from ml.data.traces import FormerHolder, FormerPerson, Mention
from ml.data.warehouse import connect
from ml.errors import KithError
from ml.home import DBT_PROJECT, Home
from tests.conftest import Built, build_world, write_csv, write_parquet

DAY = date(2024, 4, 15)
BEGIN = datetime(2024, 1, 1)
WORLDS = 60
with (DBT_PROJECT / "seeds" / "identifier_types.csv").open(encoding="utf-8") as _lines:
    LIMITS = {row["id_type"]: row for row in csv.DictReader(_lines)}
RECORDS_LIMIT = int(LIMITS["openid"]["records_limit"])


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=2)
)
def test_sql_and_python_make_the_same_token(parts: list[str]) -> None:
    erasures = Erasures(b"k" * 32)
    with duckdb.connect() as connection:
        erasures.prepare(connection)
        places = [f"${number + 1}::varchar" for number in range(len(parts))]
        found = connection.execute(f"select {token_sql('record', *places)}", parts).fetchone()
    assert found == (erasures.token("record", *parts),)


def test_tokens_tell_kinds_parts_and_homes_apart() -> None:
    one, other = Erasures(), Erasures()
    tokens = [
        one.token("record", "a", "b"),
        one.token("order", "a", "b"),
        one.token("record", "a|b", "c"),
        one.token("record", "a", "b|c"),
        one.token("record", "ab"),
        other.token("record", "a", "b"),
    ]
    assert len(set(tokens)) == len(tokens)


def test_the_list_is_kept_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "erasures.json"
    assert load_erasures(path) is None
    erasures = Erasures()
    erasures.add("record", "web", "anna-key")
    erasures.add_value("phone", "+442071234567")
    erasures.traces.mentions.append(Mention("web", "bob", "2024-01-01 00:00:00"))
    erasures.traces.holders.append(FormerHolder("email", "f@x.org", "2024-01-01 00:00:00"))
    erasures.traces.people.append(
        FormerPerson("email", "f@x.org", "web", "name", "2024-01-01 00:00:00")
    )
    erasures.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert "anna" not in text
    assert "2071234567" not in text
    found = load_erasures(path)
    assert found == erasures
    assert found.holds("record", "web", "anna-key")
    assert not found.holds("record", "web", "bob")
    assert found.fingerprint() == erasures.fingerprint()
    erasures.add("order", "web", "1")
    assert found.fingerprint() != erasures.fingerprint()
    path.write_text(json.dumps({"format": 1}))
    with pytest.raises(KithError, match=r"cannot be read \(KeyError\).*rows would come back"):
        load_erasures(path)


def test_every_entity_says_whose_its_rows_are() -> None:
    """A column of the contract that holds a key is either the owner's or somebody named beside."""
    for entity in entities().values():
        keys = {name for name in entity.columns if name.endswith("_key")}
        said = {key for _, key in OWNERS.get(entity.name, [])} | {NAMED.get(entity.name)} - {None}
        assert said == keys, entity.name


@pytest.fixture
def anna() -> Erasures:
    erasures = Erasures()
    erasures.add("record", "web", "anna")
    erasures.add("order", "web", "o1")
    erasures.add_value("email", "annlee@gmail.com")
    erasures.add_value("email", "ann@x.org")
    erasures.add_value("card", "AB1234")
    erasures.add_value("cookie", "Cookie-1")
    erasures.add_value("phone", "+441711234567")
    return erasures


def filtered(landing: Path, raw: Path, erasures: Erasures, entity: str) -> list[dict[str, Any]]:
    ingest(discover(landing), raw, erased=ErasureFilter(erasures, "GB"))
    rows = [row for path in (raw / entity).iterdir() for row in pq.read_table(path).to_pylist()]
    return sorted(rows, key=lambda row: (row["file"], row["file_row"]))


def test_rows_of_the_erased_go_and_the_others_keep_their_numbers(
    tmp_path: Path, anna: Erasures
) -> None:
    landing, raw = tmp_path / "landing", tmp_path / "raw"
    order = {"source": "web", "occurred_at": "2024-01-01", "amount": 1}
    write_csv(landing, "orders", [
        {**order, "order_id": "o1", "source_key": "anna"},
        {**order, "order_id": "o2", "source_key": "bob", "seller_key": " anna "},
        {**order, "order_id": " o1 ", "source_key": ""},
        {**order, "order_id": "o1", "source": "shop", "source_key": "anna"},
        {**order, "order_id": "o3", "source_key": " anna"},
    ])  # fmt: skip
    line = {"source": "web", "line_no": 1, "product_id": "p", "quantity": 1, "amount": 1}
    write_parquet(
        landing, "order_lines", [{**line, "order_id": name} for name in ("o1", "o2", "o1")]
    )
    share = {"source": "web", "occurred_at": "2024-01-01"}
    write_csv(landing, "shares", [
        {**share, "share_id": "s1", "inviter_key": "anna", "invitee_key": "bob"},
        {**share, "share_id": "s2", "inviter_key": "bob", "invitee_key": "anna"},
    ])  # fmt: skip
    link = {
        "left_source": "web",
        "right_source": "web",
        "decision": "same",
        "known_at": "2024-01-01",
    }
    write_csv(landing, "links", [
        {**link, "left_key": "anna", "right_key": "bob"}, {**link, "left_key": "bob", "right_key": "anna"},
        {**link, "left_key": "bob", "right_key": "cid"},
    ])  # fmt: skip
    orders = filtered(landing, raw, anna, "orders")
    assert [(row["file_row"], row["order_id"], row["seller_key"]) for row in orders] == [
        (2, "o2", None),
        (4, "o1", None),
    ]
    assert [row["file_row"] for row in filtered(landing, raw, anna, "order_lines")] == [2]
    shares = filtered(landing, raw, anna, "shares")
    assert [(row["share_id"], row["invitee_key"]) for row in shares] == [("s2", None)]
    assert [row["right_key"] for row in filtered(landing, raw, anna, "links")] == ["cid"]
    assert sorted(rows_left_out(raw).values()) == [1, 2, 2, 3]
    anna.add("record", "web", "bob")
    assert filtered(landing, raw, anna, "shares") == []
    assert sum(rows_left_out(raw).values()) == 4 + 2 + 2 + 3


def test_a_value_that_comes_back_under_another_key_is_taken_out(
    tmp_path: Path, anna: Erasures
) -> None:
    """The filter gives values the form that the identity models give them: all spellings of one value go."""
    landing, raw = tmp_path / "landing", tmp_path / "raw"
    known = {"source": "web", "known_at": "2024-01-01"}
    spellings = [
        ("email", "Ann.Lee+x@GoogleMail.com"), ("email", " ANN@x.org"), ("card", "ab-12 34"),
        ("Phone", "0171 1234567"), ("phone", "+44 (171) 123-4567"), ("cookie", "Cookie-1"),
    ]  # fmt: skip
    others = [
        ("email", "a.nn@x.org"), ("cookie", "cookie-1"), ("card", "cookie-1"), ("phone", "0171 1234568"),
        ("phone", "0181 1234567"),
    ]  # fmt: skip
    rows = [
        {**known, "source_key": f"k{number}", "id_type": id_type, "id_value": value}
        for number, (id_type, value) in enumerate([*spellings, *others])
    ]
    write_csv(landing, "identifiers", rows)
    write_csv(landing, "profiles", [
        {**known, "source_key": "new", "email": "ANN@X.org", "phone": "0171-1234567", "name": "N"},
        {**known, "source_key": "old", "email": "bob@x.org", "phone": "0181 1234567", "name": "O"},
    ])  # fmt: skip
    write_csv(
        landing,
        "orders",
        [{"source": "web", "order_id": 9, "occurred_at": "2024-01-01", "amount": 1}],
    )
    kept = filtered(landing, raw, anna, "identifiers")
    assert [(row["id_type"], row["id_value"]) for row in kept] == others
    profiles = filtered(landing, raw, anna, "profiles")
    assert [(row["name"], row["email"], row["phone"]) for row in profiles] == [
        ("N", None, None),
        ("O", "bob@x.org", "0181 1234567"),
    ]


def test_a_record_that_does_not_fit_its_header_goes_wherever_the_key_stands(
    tmp_path: Path, anna: Erasures
) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    (landing / "orders.csv").write_text(
        "source,order_id,occurred_at,amount,source_key\n"
        "web,o7,2024-01-01,1,bob\n"
        "web,o8,2024-01-01,1,5,anna,x,y\n"
        "web,o8,2024-01-01,anna,1,5\n"
        "web,o9,2024-01-01,1,5,bob\n"
    )
    rows = filtered(landing, tmp_path / "raw", anna, "orders")
    # The second names the key beyond the last column of the header: that part is never read.
    assert [row["file_row"] for row in rows] == [1, 2, 4]


def random_world(seed: int) -> dict[str, list[dict[str, Any]]]:
    """A small brand on a grid of days, so that much happens at one instant; values cross their limits."""
    draw = random.Random(seed)
    source = f"w{seed:02}"
    keys = [f"k{number:02}" for number in range(draw.choice([4, 6, 9, 15, RECORDS_LIMIT + 4]))]
    values = [f"{source}-{number}" for number in range(draw.choice([2, 3, 5]))]

    def day() -> str:
        return str(BEGIN + timedelta(days=draw.randrange(draw.choice([4, 100]))))

    rows: dict[str, list[dict[str, Any]]] = {
        "identifiers": [],
        "profiles": [],
        "links": [],
        "shares": [],
        "orders": [],
    }
    for _ in range(draw.randint(2, 2 * len(keys))):
        rows["identifiers"].append(
            {"source": source, "source_key": draw.choice(keys), "id_type": draw.choice(["card", "card", "openid"]),
             "id_value": draw.choice(values), "known_at": day()}
        )  # fmt: skip
    if len(keys) > RECORDS_LIMIT:
        everybody = {"source": source, "id_type": "openid", "id_value": f"{source}-everybody"}
        for key in draw.sample(keys, draw.randint(RECORDS_LIMIT, RECORDS_LIMIT + 2)):
            rows["identifiers"].append({**everybody, "source_key": key, "known_at": day()})
    for _ in range(draw.randint(0, 2 * len(keys))):
        rows["profiles"].append(
            {"source": source, "source_key": draw.choice(keys), "known_at": day(),
             "name": draw.choice(["", *"abcdefgh"]), "birth_date": draw.choice(["", "1980-05-05", "1990-06-06"])}
        )  # fmt: skip
    for _ in range(draw.randint(0, 5)):
        rows["links"].append(
            {"left_source": source, "left_key": draw.choice(keys), "right_source": source,
             "right_key": draw.choice(keys), "known_at": day(),
             "decision": draw.choice(["same", "different", "different"])}
        )  # fmt: skip
    for number in range(draw.randint(0, 6)):
        inviter, invitee = draw.choice(keys), draw.choice([*keys, f"new{number}", ""])
        share = {
            "source": source,
            "share_id": f"s{number}",
            "inviter_key": inviter,
            "invitee_key": invitee,
        }
        rows["shares"].append(share | {"occurred_at": day()})
    for number in range(draw.randint(1, 8)):
        order = {"source": source, "order_id": f"o{number}", "source_key": draw.choice([*keys, ""])}
        seller = draw.choice([*keys, "", f"seller{number}"])
        rows["orders"].append(order | {"occurred_at": day(), "amount": 1, "seller_key": seller})
        if draw.random() < 0.2:
            owner = draw.choice([*keys, ""])
            rows["orders"].append(order | {"occurred_at": day(), "amount": 2, "source_key": owner})
    return rows


def people(built: Built) -> dict[tuple[str, str], str]:
    return {
        (source, key): customer
        for source, key, customer in built.rows(
            "select records.source, records.source_key, heads.customer_id "
            "from resolved.record_customers as mapped "
            "inner join identity.int_identity__records as records using (record_no) "
            "inner join identity.int_identity__records as heads on mapped.head_record_no = heads.record_no "
            "where mapped.valid_to is null"
        )
    }


def erase_one_of_each_world(built: Built, erasures: Erasures, draw: random.Random) -> set[Any]:
    """Erase a customer of every world; gives their records."""
    before = people(built)
    by_world: dict[str, list[str]] = {}
    for (source, _), customer in sorted(before.items()):
        by_world.setdefault(source, []).append(customer)
    with connect(built.run.home) as connection:
        gone = [
            record
            for customers in by_world.values()
            for record in records_of_customer(connection, draw.choice(customers))
        ]
        whole = built.run.home.root / "whole"
        ingest(discover(built.run.landing), whole)
        orders = orders_of(connection, whole, gone)
        remember(connection, erasures, gone, orders)
    return set(gone)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("landing")
    worlds = [random_world(seed) for seed in range(WORLDS)]
    for entity in worlds[0]:
        write_csv(root, entity, [row for world in worlds for row in world[entity]])
    return root


@pytest.fixture(scope="module", autouse=True)
def without_matches() -> Iterator[None]:
    """The worlds ask for exact evidence; that matches stay is asked in tests/serve/test_erased_trial.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KITH_MATCH_WEIGHT", "40")
        yield


@pytest.fixture(scope="module")
def erased(landing: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Built, set[Any]]]:
    """The worlds before an erasure, after it, and after another one; each with the records that are gone."""
    parts = ["landing", "identity"]
    draw, erasures = random.Random(1), Erasures()
    gone: set[Any] = set()
    stages: list[tuple[Built, set[Any]]] = []
    for stage in range(3):
        home = tmp_path_factory.mktemp(f"home{stage}")
        if stage:
            erasures.save(Home(home).erasures)
        built = build_world(landing, home, DAY, parts)
        stages.append((built, set(gone)))
        gone |= erase_one_of_each_world(built, erasures, draw)
    return stages


def test_the_worlds_hold_what_makes_ids_hard_to_keep(erased: list[tuple[Built, set[Any]]]) -> None:
    for built, _ in erased[1:]:
        for table in ("former_mentions", "former_holders", "former_disputes", "former_people"):
            assert built.value(f"select count(*) from control.{table}") > 0, table
        assert built.value("select count(*) from control.former_holders where next_key is not null")
        assert built.value("select count(*) from control.former_people where ended_at is not null")
    first = erased[0][0]
    crossed_by = first.rows(
        "select distinct crossed_by from identity.int_identity__holders order by all"
    )
    assert crossed_by == [("people",), ("records",), (None,)]
    assert (
        first.value("select count(*) from identity.int_identity__decisions where is_different") > 9
    )
    assert len(erased[1][1]) > WORLDS


def test_everybody_else_stays_who_they_were(erased: list[tuple[Built, set[Any]]]) -> None:
    before = people(erased[0][0])
    for built, gone in erased[1:]:
        now = people(built)
        assert now == {
            record: customer for record, customer in before.items() if record not in gone
        }
        known = (
            "select source, source_key, known_at from identity.int_identity__records order by all"
        )
        assert built.rows(known) == [row for row in erased[0][0].rows(known) if row[:2] not in gone]


def test_values_cross_their_limits_when_they_did(erased: list[tuple[Built, set[Any]]]) -> None:
    held = (
        "select source, source_key, id_type, id_value, holder_rank, crossed_at, crossed_by "
        "from identity.int_identity__holders inner join identity.int_identity__records using (record_no) order by all"
    )
    before = erased[0][0].rows(held)
    for built, gone in erased[1:]:
        assert built.rows(held) == [row for row in before if row[:2] not in gone]


def test_without_traces_ids_would_change(
    landing: Path, erased: list[tuple[Built, set[Any]]], tmp_path: Path
) -> None:
    """The property above asks something: the same list without its traces does not keep it."""
    built, _ = erased[1]
    bare = load_erasures(built.run.home.erasures)
    assert bare is not None
    bare.traces.mentions, bare.traces.holders, bare.traces.disputes = [], [], []
    bare.traces.people = []
    bare.save(Home(tmp_path).erasures)
    other = build_world(landing, tmp_path, DAY, ["landing", "identity"])
    assert people(other) != people(built)


def test_traces_hold_nobody_who_was_erased(erased: list[tuple[Built, set[Any]]]) -> None:
    for built, gone in erased[1:]:
        listed = load_erasures(built.run.home.erasures)
        assert listed is not None
        assert {kind for kind in KINDS if listed.tokens[kind]} >= {"record", "order", "customer"}
        named = {(trace.source, trace.source_key) for trace in listed.traces.mentions}
        named |= {(trace.next_source, trace.next_key) for trace in listed.traces.holders}
        assert named & gone == set()
        held = set(
            built.rows("select distinct id_type, id_value from identity.int_identity__identifiers")
        )
        kept = {
            (trace.id_type, trace.id_value)
            for trace in [*listed.traces.holders, *listed.traces.disputes, *listed.traces.people]
        }
        assert kept <= held
