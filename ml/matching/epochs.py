"""When the matcher learns: not on the days that happened to run, but when the brand had grown fourfold.

An epoch begins at the first midnight that sees as many profile states as its number asks for, and learns
from the states seen then. So what was thought of a pair on a past day follows from the facts of that day,
and later facts never change it. Before the first epoch general experience holds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TypeAlias

import duckdb

from ml.data.traces import FormerEpoch
from ml.matching.parameters import Parameters, learn_parameters, usual_parameters
from ml.matching.seen import CANDIDATES, STATES, digest_of_seen
from ml.run import digest_of

FIRST_STATES = 2_000
GROWTH = 4


@dataclass(frozen=True)
class Epoch:
    """A stretch of days with one set of parameters; the first one has no begin, the last no end."""

    number: int
    begins: date | None
    ends: date | None


Learned: TypeAlias = Sequence[tuple[Epoch, Parameters]]
"""The epochs that have begun, oldest first, and what was learned for each."""


def epochs(
    connection: duckdb.DuckDBPyConnection, former: Sequence[FormerEpoch] = ()
) -> list[Epoch]:
    """The epochs of the table `states`, oldest first.

    Args:
        connection: holds `states`.
        former: epochs that had begun before somebody was erased; their days stay, although fewer states are left.
    """
    count = connection.execute("select count(*) from states").fetchone()
    needed, begins = FIRST_STATES, [date.fromisoformat(one.begins) for one in former]
    while needed <= max((one.states for one in former), default=0):
        needed *= GROWTH
    while count and needed <= count[0]:
        row = connection.execute(
            "select cast(known_at as date) + 1 from states where state_no = ?", [needed - 1]
        ).fetchone()
        begins += [row[0]] if row else []
        needed *= GROWTH
    # A brand whose history comes in one day passes several steps at once: the last of them counts.
    starts = [None, *sorted(set(begins))]
    return [
        Epoch(number, start, end)
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], None], strict=True))
    ]


def parameters_of(
    connection: duckdb.DuckDBPyConnection, epoch: Epoch, definition: str, kept: Path
) -> Parameters:
    """What holds in an epoch, learned anew only when its states or the code are other than they were.

    Args:
        connection: holds `states`, `candidates` and the `contents` of the states.
        epoch: the epoch.
        definition: digest of all that decides besides the data.
        kept: folder of what was learned before.
    """
    if epoch.begins is None:
        return usual_parameters()
    digest = digest_of_seen(connection, (STATES, CANDIDATES), epoch.begins)
    path = kept / f"{epoch.begins}-{digest_of([definition, digest])[:16]}.json"
    if path.exists():
        return Parameters(**json.loads(path.read_text(encoding="utf-8")))
    seen = f"known_at < date '{epoch.begins}'"
    # Two states of one record are alike by themselves: the present one speaks for it. When it ended is known later.
    connection.execute(
        f"create or replace table seen_states as select * exclude ended_at from states where {seen} "
        "qualify row_number() over (partition by record_no order by state_no desc) = 1 order by state_no"
    )
    connection.execute(
        f"create or replace view seen_candidates as select * from candidates where {seen} "
        "and left_state_no in (select state_no from seen_states) "
        "and right_state_no in (select state_no from seen_states)"
    )
    learned = learn_parameters(connection, "seen_states", "seen_candidates")
    count = connection.execute(f"select count(*) from states where {seen}").fetchone()
    parameters = replace(learned, states=count[0] if count else 0)
    connection.execute("drop view seen_candidates")
    connection.execute("drop table seen_states")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(parameters.as_json(), indent=1) + "\n", encoding="utf-8")
    return parameters
