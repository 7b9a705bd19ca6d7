"""What came of the pairs that former days weighed: kept as long as all that decided it is as it was.

What a pair weighs follows from its two states, from the instant at which they met, and from what had been learned when
the epoch of that instant began. All of it is past, and the past is another only when facts come late, when somebody is
erased, or when code and settings change. So each day leaves a digest of what it saw; the next day weighs the pairs that
met since then, if the digest of the same rows is still the same, and every pair anew if it is not.
"""

from __future__ import annotations

from datetime import date, datetime, time

import duckdb

from ml.data.warehouse import keep_table, write_table
from ml.matching.epochs import Learned
from ml.matching.seen import CANDIDATES, MEETING, SHARING, STATES, digest_of_seen
from ml.matching.tables import PAIRS
from ml.run import digest_of

SHARERS = {
    "epoch": "integer",
    "left_record_no": "bigint",
    "right_record_no": "bigint",
    "left_state_no": "bigint",
    "right_state_no": "bigint",
    "known_at": "timestamp",
    "personal_weight": "double",
    "name_level": "tinyint",
}
"""Pairs of states whose records share a value: since when they are known, and how their people differ."""
UNLIKE = {
    "left_state_no": "bigint",
    "right_state_no": "bigint",
    "known_at": "timestamp",
    "personal_weight": "double",
    "is_within": "boolean",
}
"""Pairs of states that are too unlike to be one person; did they meet in a cluster, or as candidates?"""

_KEPT = {"weighed_pairs": PAIRS, "sharers": SHARERS, "unlike": UNLIKE}
_UNDER = {"seen_before": "timestamp", "what": "varchar", "digest": "varchar"}
_SEEN_OF = {"evidence": (STATES, CANDIDATES, SHARING), "meeting": (MEETING,)}


class Weighed:
    """The pairs that former days weighed, in tables of the warehouse that this day adds to.

    Args:
        connection: holds `states`, `contents`, `candidates`, `sharing`, and the warehouse attached under this name. It
            is given views of what is kept: `weighed_pairs` (accepted, by which epoch), `sharers` and `unlike`.
        definition: digest of all that decides besides the data.
        learned: the epochs and what was learned for them.
        day: what becomes known before its midnight is seen.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        definition: str,
        learned: Learned,
        day: date,
    ) -> None:
        self._connection = connection
        self._before = datetime.combine(day, time())
        self._under = digest_of([definition, repr(learned)])
        keep_table(connection, "warehouse.matched.weighed_under", _UNDER)
        former = connection.execute("from warehouse.matched.weighed_under").fetchall()
        self._former: dict[str, tuple[datetime, str]] = {
            what: (seen_before, digest) for seen_before, what, digest in former
        }
        # Noted again when the day is done: what an interrupted one added to is not believed.
        connection.execute("delete from warehouse.matched.weighed_under")
        self.since = self._seen_before("evidence")
        """The instant from which pairs are to be weighed that became known then or later; none: all pairs."""
        for name, columns in _KEPT.items():
            if self.since is None:
                write_table(connection, f"warehouse.matched.{name}", columns, [])
            keep_table(connection, f"warehouse.matched.{name}", columns)
            connection.execute(f"create or replace view {name} as from warehouse.matched.{name}")

    def since_within(self) -> datetime | None:
        """The same instant for the pairs of `meeting`, which rest on what was accepted and on what people decided."""
        since = self._seen_before("meeting") if self.since else None
        if since is None:
            self._connection.execute("delete from warehouse.matched.unlike where is_within")
        return since

    def note(self) -> None:
        """Let the next day rely on what is kept; after the last addition to it."""
        rows = [[self._before, what, self._digest(what, self._before)] for what in _SEEN_OF]
        self._connection.executemany(
            "insert into warehouse.matched.weighed_under values (?, ?, ?)", rows
        )

    def _seen_before(self, what: str) -> datetime | None:
        if what not in self._former:
            return None
        seen_before, digest = self._former[what]
        return seen_before if self._digest(what, seen_before) == digest else None

    def _digest(self, what: str, before: datetime) -> str:
        """Digest of the rows known before an instant, and of what they are judged with."""
        return digest_of([self._under, digest_of_seen(self._connection, _SEEN_OF[what], before)])
