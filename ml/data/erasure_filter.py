"""Leaving the rows of erased people out of the raw layer, set by set in SQL.

A row goes when it belongs to an erased record or order. Where an erased person is named in somebody else's
row (the seller of an order, the receiver of a share), that name becomes null and the row stays. An erased
person's e-mail, phone or card that comes back under another key is taken out of that row.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from ml.data.contract import Entity
from ml.data.erasures import TAIL, Erasures, load_erasures, token_sql
from ml.data.phones import e164
from ml.data.sql_text import literal
from ml.home import Home

# Whose row it is: the columns of source and key. An order's lines are its order's.
OWNERS = {
    "profiles": [("source", "source_key")],
    "identifiers": [("source", "source_key")],
    "links": [("left_source", "left_key"), ("right_source", "right_key")],
    "orders": [("source", "source_key")],
    "interactions": [("source", "source_key")],
    "shares": [("source", "inviter_key")],
    "contacts": [("source", "source_key")],
    "consents": [("source", "source_key")],
    "measurements": [("source", "source_key")],
}
# Who else is named in it.
NAMED = {"orders": "seller_key", "shares": "invitee_key"}
OF_AN_ORDER = ("orders", "order_lines")
# Where a value that identifies a person stands alone in a row about a record.
VALUES = {"profiles": {"email": "email", "phone": "phone"}, "measurements": {"device_id": "device"}}


def keys_of(entity: str) -> list[tuple[str, str]]:
    """Every pair of columns of an entity, source and key, that names a record."""
    named = [("source", NAMED[entity])] if entity in NAMED else []
    return [*OWNERS.get(entity, []), *named]


class ErasureFilter:
    """The list of erased people, ready to be applied to the raw rows of a landed file."""

    def __init__(self, erasures: Erasures, default_country: str | None) -> None:
        self._erasures = erasures
        self._country = default_country

    @property
    def digest(self) -> str:
        """What decides which rows are left out: part of the name of a raw file."""
        parts = f"{self._erasures.fingerprint()}|{self._country or ''}"
        return hashlib.sha256(parts.encode()).hexdigest()

    def copy(
        self, connection: duckdb.DuckDBPyConnection, entity: Entity, source: Path, target: Path
    ) -> int:
        """Copy a raw file without what was erased; gives the number of rows left out."""
        relation = self._relation(connection, entity, _parquet(source))
        columns = [f"{expression} as {name}" for name, expression in self._columns(entity).items()]
        before = _count(connection, f"select count(*) from {relation}")
        connection.execute(
            f"copy (select {', '.join(columns)}, file, row_fault, file_row from {relation} "
            f"where not {self._is_erased(connection, entity, relation)}) to {literal(target)} (format parquet)"
        )
        return before - _count(connection, f"select count(*) from {_parquet(target)}")

    def marked(
        self, connection: duckdb.DuckDBPyConnection, entity: Entity, source: Path
    ) -> list[tuple[int, list[str]]]:
        """The records of a raw file that hold something erased: number, and the columns to empty.

        No columns mean that the whole row belongs to somebody who was erased.
        """
        relation = self._relation(connection, entity, _parquet(source))
        erased = self._is_erased(connection, entity, relation)
        emptied = [
            f"case when {name} is not null and ({expression}) is null then '{name}' end"
            for name, expression in self._columns(entity).items()
            if expression != name
        ]
        names = f"list_filter([{', '.join(emptied)}]::varchar[], lambda name: name is not null)"
        return connection.execute(
            f"select file_row, case when erased then [] else names end as names from ("
            f"select file_row, {erased} as erased, {names} as names from {relation}) "
            "where erased or len(names) > 0 order by file_row"
        ).fetchall()

    def mark(self, connection: duckdb.DuckDBPyConnection, entity: Entity, relation: str) -> None:
        """Make `marked_rows`, a view of raw rows that says of each whether it belongs to somebody erased."""
        self._relation(connection, entity, relation)
        erased = self._is_erased(connection, entity, relation)
        connection.execute(
            f"create or replace temp view marked_rows as select *, {erased} as erased from {relation}"
        )

    def _relation(
        self, connection: duckdb.DuckDBPyConnection, entity: Entity, relation: str
    ) -> str:
        self._erasures.prepare(connection)
        self._find_phones(connection, entity, relation)
        return relation

    def _columns(self, entity: Entity) -> dict[str, str]:
        """What each column of the contract becomes."""
        columns = {name: name for name in entity.columns}
        if named := NAMED.get(entity.name):
            columns[named] = (
                f"case when {_listed('record', 'source', named)} then null else {named} end"
            )
        for name, id_type in VALUES.get(entity.name, {}).items():
            columns[name] = (
                f"case when {_value_listed(repr(id_type), name)} then null else {name} end"
            )
        return columns

    @staticmethod
    def _is_erased(connection: duckdb.DuckDBPyConnection, entity: Entity, relation: str) -> str:
        rules = [_listed("record", *columns) for columns in OWNERS.get(entity.name, [])]
        if entity.name in OF_AN_ORDER:
            rules.append(_listed("order", "source", "order_id"))
        if entity.name == "identifiers":
            rules.append(_value_listed(f"lower({_text('id_type')})", "id_value"))
        faults = f"select count(*) from {relation} where row_fault is not null"
        if "source" in entity.columns and _count(connection, faults):
            # In a record with more fields than its header nobody knows which column a key stands in.
            anywhere = [
                _listed(kind, "source", name)
                for kind in ("record", "order")
                for name in entity.columns
            ]
            rules.append(f"(row_fault is not null and ({' or '.join(anywhere)}))")
        return f"({' or '.join(rules) or 'false'})"

    def _find_phones(
        self, connection: duckdb.DuckDBPyConnection, entity: Entity, relation: str
    ) -> None:
        """Find the spellings of erased phones in a file: the digits at the end tell which are worth reading."""
        connection.execute("create or replace temp table erased_spellings (raw varchar)")
        column = {"profiles": "phone", "identifiers": "id_value"}.get(entity.name)
        if column is None or not self._erasures.tokens["phone_tail"]:
            return
        tail = f"right(regexp_replace({column}, '[^0-9]', '', 'g'), {TAIL})"
        candidates = connection.execute(
            f"select distinct trim({column}) from {relation} "
            f"where {token_sql('phone_tail', tail)} in (select token from erased_phone_tail)"
        ).fetchall()
        spellings = [
            raw
            for (raw,) in candidates
            if (number := e164(raw, self._country))
            and self._erasures.holds("value", "phone", number)
        ]
        if spellings:
            connection.execute(
                "insert into erased_spellings select unnest(?::varchar[])", [spellings]
            )


def erasure_filter(home: Home) -> ErasureFilter | None:
    """The filter of a home folder; None where nobody was erased."""
    erasures = load_erasures(home.erasures)
    return ErasureFilter(erasures, home.settings.default_country) if erasures else None


def _text(column: str) -> str:
    """A landed text as staging reads it."""
    return f"nullif(trim({column}), '')"


def _listed(kind: str, *columns: str) -> str:
    token = token_sql(kind, *(_text(column) for column in columns))
    return f"coalesce({token} in (select token from erased_{kind}), false)"


def _value_listed(id_type: str, column: str) -> str:
    """Is a value on the list, in the one form that `int_identity__identifiers` gives it?"""
    lowered, squeezed = (
        f"lower({_text(column)})",
        f"upper(replace(replace({_text(column)}, ' ', ''), '-', ''))",
    )
    mailbox = f"replace(split_part(split_part({lowered}, '@', 1), '+', 1), '.', '') || '@gmail.com'"
    form = (
        f"case {id_type} when 'email' then case when regexp_matches({lowered}, '@(gmail|googlemail)[.]com$') "
        f"then {mailbox} else {lowered} end when 'card' then {squeezed} else {_text(column)} end"
    )
    phone = f"({id_type} = 'phone' and {_text(column)} in (select raw from erased_spellings))"
    listed = f"{token_sql('value', id_type, form)} in (select token from erased_value)"
    return f"coalesce({phone} or {listed}, false)"


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _parquet(path: Path) -> str:
    return f"read_parquet({literal(path)})"
