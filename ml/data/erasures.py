"""What a home folder remembers of the people it was asked to forget: keyed hashes, and no value of theirs.

A record, an order, an identifying value or a customer id becomes a token: HMAC-SHA256 under a random key
that is made with the first erasure. Later runs turn landed rows into tokens in the same way and leave out
what is on the list (`ml.data.erasure_filter`).

The ids of other people rest on facts that erased people took part in. What those facts said of others is
kept as traces (`ml.data.traces`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from ml.data.traces import Traces
from ml.errors import KithError

FORMAT = 1
KINDS = ("record", "order", "value", "phone_tail", "customer")
BLOCK = 64  # bytes: the block of SHA-256, to which HMAC pads its key
TAIL = 7  # digits: enough to find the few phone texts that are worth reading as a number


@dataclass
class Erasures:
    """The list of a home folder."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    tokens: dict[str, set[str]] = field(default_factory=lambda: {kind: set() for kind in KINDS})
    traces: Traces = field(default_factory=Traces)

    def token(self, kind: str, *parts: str) -> str:
        """The keyed hash of a thing; `prepare` and `token_sql` say the same in SQL."""
        return hmac.new(self.key, _message(kind, parts).encode(), hashlib.sha256).hexdigest()

    def add(self, kind: str, *parts: str) -> None:
        """Remember a thing."""
        self.tokens[kind].add(self.token(kind, *parts))

    def add_value(self, id_type: str, id_value: str) -> None:
        """Remember an identifying value in its one form; of a phone also how it ends."""
        self.add("value", id_type, id_value)
        if id_type == "phone":
            self.add("phone_tail", id_value[-TAIL:])

    def holds(self, kind: str, *parts: str) -> bool:
        """Is a thing on the list?"""
        return self.token(kind, *parts) in self.tokens[kind]

    def fingerprint(self) -> str:
        """Digest of what is left out of the rows, the same for equal lists."""
        listed = json.dumps({kind: sorted(found) for kind, found in self.tokens.items()})
        return hashlib.sha256(self.key + listed.encode()).hexdigest()

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give a connection the list, as tables `erased_<kind>` of tokens, and the key that `token_sql` uses.

        The connection must be one in memory: the key belongs in no file but the list's own.
        """
        padded = self.key.ljust(BLOCK, b"\0")
        for name, mask in (("kith_inner", 0x36), ("kith_outer", 0x5C)):
            connection.execute(f"set variable {name} = ?", [bytes(byte ^ mask for byte in padded)])
        for kind, found in self.tokens.items():
            connection.execute(f"create or replace temp table erased_{kind} (token varchar)")
            if found:
                connection.execute(
                    f"insert into erased_{kind} select unnest(?::varchar[])", [sorted(found)]
                )

    def save(self, path: Path) -> None:
        """Write the list, readable by its owner alone, in one step."""
        content = {
            "format": FORMAT,
            "key": self.key.hex(),
            "tokens": {kind: sorted(found) for kind, found in self.tokens.items()},
            "traces": self.traces.as_json(),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as sink:
            json.dump(content, sink, indent=1)
            sink.flush()
            os.fsync(sink.fileno())
        os.replace(part, path)


def token_sql(kind: str, *expressions: str) -> str:
    """SQL for the token of a thing, null where a part of it is null; after `Erasures.prepare`."""
    first = expressions[0]
    message = " || '|' || ".join((f"'{kind}'", *expressions, f"strlen({first})"))
    inner = f"unhex(sha256(getvariable('kith_inner') || encode({message})))"
    return f"sha256(getvariable('kith_outer') || {inner})"


def load_erasures(path: Path) -> Erasures | None:
    """Read the list of a home folder; None where nobody was erased.

    Raises:
        KithError: the file is there and cannot be read. Going on without it would bring people back.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}")
        return Erasures(
            bytes.fromhex(content["key"]),
            {kind: set(content["tokens"][kind]) for kind in KINDS},
            Traces.of(content["traces"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KithError(
            f"{path}, the list of erased people, cannot be read ({type(error).__name__}). Without it their rows would "
            "come back, so nothing was done. Put the file back from a backup; its key cannot be made again."
        ) from error


def _message(kind: str, parts: Iterable[str]) -> str:
    texts = list(parts)
    # The length tells ('a|b', 'c') and ('a', 'b|c') apart.
    return "|".join((kind, *texts, str(len(texts[0].encode()))))
