"""A person made of texts that stand nowhere else, and a search for them in every byte of a folder."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from tests.conftest import write_csv, write_parquet

WEB_KEY, SHOP_KEY, APP_KEY = "webkey-zq7canary", "shopkey-zq7canary", "appkey-zq7canary"
CANARIES = {
    "web key": WEB_KEY,
    "shop key": SHOP_KEY,
    "app key": APP_KEY,
    "name": "Quirinia Zachersdottir",
    "email": "quirinia.zachersdottir@canarymail.org",
    "phone": "07700900461",
    "phone, one form": "447700900461",
    "card": "CARDZQ7CANARY",
    "street": "17 Canarybird Gardens",
    "order": "orderzq7canary1",
    "irregular order": "orderzq7canary2",
    "guest version of the order": "couponzq7canary",
    "share": "sharezq7canary",
    "contact": "contactzq7canary",
    "review": "zq7 the lining of my coat came loose on Sunday",
    "search": "zq7 extra wide wedding shoes",
    "device": "devicezq7canary",
}
# Somebody else, who is named by the person's rows first and shares an address with them.
FRIEND_KEY, SELLER_KEY, FAMILY_MAIL = "friend-of-zq7", "seller-of-zq7", "family@sharedmail.org"


def add_person(landing: Path) -> None:
    """Add the person's rows to a landing zone, in files of every kind, and those of two others."""
    web, shop, app = (
        {"source": source, "source_key": key}
        for source, key in (("zweb", WEB_KEY), ("zshop", SHOP_KEY), ("zapp", APP_KEY))
    )
    known = "2026-01-10 10:00:00"
    one = CANARIES
    write_csv(landing, "profiles", [
        {**web, "known_at": known, "name": one["name"], "email": one["email"], "street": one["street"]},
        {"source": "zweb", "source_key": FRIEND_KEY, "known_at": "2026-03-01", "name": "Friend", "email": FAMILY_MAIL},
        {**shop, "known_at": "2026-02-01", "name": one["name"], "phone": one["phone"], "email": one["email"]},
    ], "zq.csv")  # fmt: skip
    write_csv(landing, "identifiers", [
        {**shop, "id_type": "card", "id_value": one["card"], "known_at": known},
        {**app, "id_type": "card", "id_value": one["card"].lower(), "known_at": known},
        {**app, "id_type": "email", "id_value": FAMILY_MAIL, "known_at": known},
    ], "zq.csv")  # fmt: skip
    write_csv(landing, "links", [
        {"left_source": "zapp", "left_key": APP_KEY, "right_source": "zweb", "right_key": FRIEND_KEY,
         "decision": "different", "known_at": "2026-03-01"},
    ], "zq.csv")  # fmt: skip
    order = {"source": "zweb", "occurred_at": "2026-02-02 10:00:00", "amount": 30}
    write_parquet(landing, "orders", [
        {**order, "order_id": one["order"], "source_key": WEB_KEY, "seller_key": SELLER_KEY, "coupon_id": "c"},
        {**order, "order_id": one["order"], "source_key": "", "seller_key": "",
         "coupon_id": one["guest version of the order"]},
        {**order, "order_id": "other-1", "source_key": FRIEND_KEY, "seller_key": WEB_KEY, "coupon_id": ""},
    ], "zq.parquet")  # fmt: skip
    # The second record has more fields than the header, the third lacks some.
    (landing / "orders" / "zq-irregular.csv").write_text(
        "source,order_id,occurred_at,amount,source_key\n"
        f"zweb,other-2,2026-02-03,12,{FRIEND_KEY}\n"
        f"zweb,{one['irregular order']},2026-02-04,15,{WEB_KEY},what,{one['name']}\n"
        f"zweb,{one['irregular order']},2026-02-04,15,1,{WEB_KEY}\n"
        f'zweb,"{one["irregular order"]}",2026-02-04,16,{WEB_KEY}\n'
        "zweb,other-3,2026-02-05\n",
        encoding="utf-8",
    )
    line = {"source": "zweb", "line_no": 1, "product_id": "zq", "quantity": 1, "amount": 30}
    write_csv(landing, "order_lines", [
        {**line, "order_id": one["order"]}, {**line, "order_id": "other-1"},
    ], "zq.csv")  # fmt: skip
    write_csv(landing, "interactions", [
        {**web, "kind": "review", "text": one["review"], "occurred_at": "2026-02-20"},
        {**web, "kind": "search", "query": one["search"], "occurred_at": "2026-02-21"},
        {**web, "kind": "", "text": one["review"], "occurred_at": "2026-02-22"},
        {**web, "kind": "view", "query": one["search"], "occurred_at": "yesterday"},
    ], "zq.csv")  # fmt: skip
    share = {"source": "zweb", "occurred_at": "2026-01-20", "outcome": "joined"}
    write_csv(landing, "shares", [
        {**share, "share_id": one["share"], "inviter_key": WEB_KEY, "invitee_key": FRIEND_KEY},
        {**share, "share_id": "other", "inviter_key": FRIEND_KEY, "invitee_key": WEB_KEY},
    ], "zq.csv")  # fmt: skip
    write_csv(landing, "contacts", [
        {**web, "contact_id": one["contact"], "channel": "email", "occurred_at": "2026-03-03"},
    ], "zq.csv")  # fmt: skip
    write_csv(landing, "consents", [
        {**web, "purpose": "email", "granted": "yes", "occurred_at": "2026-03-03"},
        {**app, "purpose": "mail", "granted": one["email"], "occurred_at": "2026-03-03"},
    ], "zq.csv")  # fmt: skip
    write_csv(landing, "measurements", [
        {**app, "metric": "steps", "value": 5, "occurred_at": "2026-03-03", "device_id": one["device"]},
        {**app, "metric": "steps", "value": one["phone"] + "x", "occurred_at": "2026-03-03"},
    ], "zq.csv")  # fmt: skip


def found_in(
    root: Path, texts: Iterable[str], but_not: Iterable[Path] = ()
) -> dict[str, list[str]]:
    """Every file below a folder that holds one of the texts, in its bytes or in what they decode to."""
    wanted = {text.lower() for text in texts}
    left_alone = list(but_not)
    found: dict[str, list[str]] = {}
    for path in sorted(root.rglob("*")):
        if not path.is_file() or any(path.is_relative_to(other) for other in left_alone):
            continue
        for content in contents_of(path):
            lowered = content.lower()
            if hits := [text for text in wanted if text.encode() in lowered]:
                found.setdefault(path.relative_to(root).as_posix(), []).extend(hits)
    return found


def contents_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and what they say when they are Parquet, DuckDB, SQLite or gzip."""
    yield path.name.encode()
    yield path.read_bytes()
    if path.suffix == ".parquet" and path.read_bytes()[-4:] == b"PAR1":
        yield repr(pq.read_table(path).to_pylist()).encode()
        yield repr(pq.read_metadata(path).metadata).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
            for schema, table in tables:
                yield _shown(connection.execute(f'from "{schema}"."{table}"').fetchall())
    elif path.suffix == ".gz":
        yield gzip.decompress(path.read_bytes())
    elif path.read_bytes()[:15] == b"SQLite format 3":
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        names = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (name,) in names:
            yield _shown(connection.execute(f'select * from "{name}"').fetchall())
        connection.close()


def _shown(rows: list[Any]) -> bytes:
    return repr(rows).encode()
