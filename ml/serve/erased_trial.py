"""Before somebody is forgotten: would anybody else get another id?

Who is who is found out once more in a folder aside, without the person. Where an id of others differs, what the
matcher had made of their records is added to the traces, and it is tried again. So the promise that other people's
ids stay is not only meant, but looked at.
"""

from __future__ import annotations

import shutil
from datetime import date

from ml.data.build import build_identity
from ml.data.control import write_control_tables
from ml.data.erased_person import Record
from ml.data.erasures import Erasures
from ml.data.former_matching import settle
from ml.data.sql_text import literal, people_now
from ml.data.stage import build_landing
from ml.data.warehouse import connect, connect_in_memory
from ml.home import Home
from ml.run import Run, RunState

TRIAL = "without"  # folder in the warehouse
TRIES = 3

# All records of the customers, before and now, that a record with another id belonged or belongs to.
_CIRCLE = f"""
    with before as (from {people_now("everybody")}),
    now as (from {people_now("trial")}),
    others as (
        select source, source_key, before.customer_id as former_id, now.customer_id
        from before inner join now using (source, source_key)
    ),
    changed as (select former_id, customer_id from others where former_id <> customer_id)
    select distinct source, source_key from others
    where former_id in (select unnest([former_id, customer_id]) from changed)
        or customer_id in (select unnest([former_id, customer_id]) from changed)
    order by all
"""


class _Aside(Home):
    """A home folder in another one, with its settings."""

    def __init__(self, home: Home) -> None:
        super().__init__(home.warehouse / TRIAL)
        vars(self)["settings"] = home.settings


def keep_ids_of_others(run: Run, erasures: Erasures) -> int:
    """Add to the traces what it takes that nobody else gets another id.

    Args:
        run: whose home holds a warehouse built for its day, with the person in it.
        erasures: the list with the person on it, not yet saved; its traces are changed.

    Returns:
        How many records of others would belong to another id all the same.
    """
    aside = _Aside(run.home)
    shutil.rmtree(aside.root, ignore_errors=True)
    try:
        trial = Run(aside, run.landing, run.as_of_date, run.targets, lambda line: None)
        circle: set[Record] = set()
        for _ in range(TRIES):
            erasures.save(aside.erasures)
            _build(trial)
            found = _circle(run.home, aside)
            if not found:
                return 0
            circle |= found
            _settle(run.home, erasures, circle, run.as_of_date)
        return len(found)
    finally:
        shutil.rmtree(aside.root, ignore_errors=True)


def _build(trial: Run) -> None:
    if RunState(trial).has("identity"):
        with connect(trial.home) as connection:
            write_control_tables(connection, trial.home, trial.targets)
        RunState(trial).forget("identity")
    else:
        build_landing(trial)
    build_identity(trial)


def _circle(home: Home, aside: Home) -> set[Record]:
    with connect_in_memory(home) as connection:
        for name, place in (("everybody", home), ("trial", aside)):
            connection.execute(f"attach {literal(place.database)} as {name} (read_only)")
        return set(connection.execute(_CIRCLE).fetchall())


def _settle(home: Home, erasures: Erasures, circle: set[Record], day: date) -> None:
    with connect(home, read_only=True) as connection:
        settle(connection, erasures.traces, circle, day)
