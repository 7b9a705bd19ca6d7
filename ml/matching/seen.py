"""Has the past stayed as it was? Digests of the evidence that was known before an instant.

The rows of a day stay as they are, unless facts come late or somebody is erased. When a state ended is known later, and
is no part of what was seen of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import duckdb

STATES = "select states.state_no, record_no, known_at, content from states inner join contents using (state_no)"
CANDIDATES = "select left_state_no, right_state_no, known_at from candidates"
SHARING = "select left_record_no, right_record_no, id_type, known_at from sharing"
MEETING = "select left_state_no, right_state_no, known_at from meeting"


def digest_of_seen(
    connection: duckdb.DuckDBPyConnection, evidence: Sequence[str], before: date | datetime
) -> str:
    """How many rows were known before an instant, and a digest of them whatever their order.

    Args:
        connection: holds what the queries name.
        evidence: some of the queries of this module.
        before: the instant.
    """
    found = [
        connection.execute(
            f"select count(*), cast(sum(hash(seen)) as varchar) from ({query}) as seen where known_at < ?",
            [before],
        ).fetchone()
        for query in evidence
    ]
    return repr(found)
