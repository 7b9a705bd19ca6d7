"""Time, memory and growth of working out who is who: `python tests/bench/bench_identity.py`.

A made-up brand: people of one to ten records joined by chains and repeated edges over four years;
some edges end, some join strangers for a while (a value not yet known to be shared), some people
are held apart by a decision. Some people live together: an edge joins them that evidence speaks
against. A few values are junk that thousands of records share, so that a limit must cut them up.
Each size is written to a warehouse by one process and resolved by another, within a limit for the engine as in a
home, so that the peak of memory is that of the step.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.identity.assign import assign_customers

DAYS = 1461
LIVING_TOGETHER = 0.02
JUNK_VALUES = 5
JUNK_RECORDS = 5_000
WAREHOUSE = """
    create schema identity;
    create table identity.int_identity__records as
        select record_no, date '1970-01-01' + cast(entered_day as integer) as entered_on from records;
    create table identity.int_identity__edges as
        select "left" as left_record_no, "right" as right_record_no,
            date '1970-01-01' + cast(start_day as integer) as valid_from,
            date '1970-01-01' + cast(end_day as integer) as valid_to,
            timestamp '1970-01-01' + to_seconds(known_order) as known_at,
            priority, probability, 'reason ' || reason as reason
        from edges;
    create view pairs as
        select "left" as left_record_no, "right" as right_record_no,
            date '1970-01-01' + cast(start_day as integer) as valid_from,
            date '1970-01-01' + cast(end_day as integer) as valid_to, holds_from
        from apart;
    create table identity.int_identity__decisions as
        select * exclude (holds_from), true as is_different from pairs where holds_from = 0;
    create table identity.int_identity__doubts as
        select * exclude (holds_from) from pairs where holds_from = 1;
    drop view pairs;
"""

Ints: TypeAlias = NDArray[np.int64]
Pairs: TypeAlias = tuple[Ints, Ints]


def made_up_brand(count: int, edges_per_record: float, seed: int) -> tuple[pa.Table, ...]:
    """Records, edges and pairs held apart of `count` records."""
    draw = np.random.default_rng(seed)
    entered = np.sort(draw.integers(0, DAYS, count))
    by_person = draw.permutation(count)
    sizes = np.minimum(draw.geometric(0.4, count), 10)
    ends = np.cumsum(sizes)
    first = np.append(0, ends[ends < count])
    owner = np.repeat(np.arange(len(first)), np.diff(first, append=count))
    chain = np.flatnonzero(owner[1:] == owner[:-1])
    homes = households(draw, by_person, first)
    junk = junk_edges(draw, count)
    others = len(chain) + len(homes[0]) + len(junk[0])
    again = draw.choice(chain, max(0, int(count * edges_per_record) - others))
    own_left = np.concatenate([by_person[chain + 1], by_person[again + 1]])
    own_right = np.concatenate([by_person[chain], by_person[first[owner[again]]]])

    strangers = draw.random(len(own_left)) < 0.02
    own_right[strangers] = draw.integers(0, count, strangers.sum())
    left = np.concatenate([own_left, homes[0], junk[0]])
    right = np.concatenate([own_right, homes[1], junk[1]])
    ended = draw.random(len(left)) < 0.02
    ended[: len(strangers)] |= strangers
    start = np.maximum(entered[left], entered[right]) + draw.integers(0, 30, len(left))
    priority = draw.integers(1, 3, len(left))
    probability = np.round(draw.random(len(left)) * 0.1 + 0.9, 4)
    shared = slice(len(left) - len(junk[0]), len(left) - len(junk[0]) // 2)
    priority[shared], probability[shared] = 1, 1.0
    edges = pa.table(
        {
            "left": left,
            "right": right,
            "start_day": start,
            "end_day": pa.array(start + draw.integers(1, 365, len(left)), mask=~ended),
            "priority": priority,
            "probability": probability,
            "known_order": np.argsort(np.argsort(start, kind="stable")),
            "reason": draw.integers(0, 6, len(left)),
        }
    )
    held = draw.choice(chain, max(1, count // 2000))
    decided = by_person[held], by_person[held + 1]
    records = pa.table({"record_no": np.arange(count), "entered_day": entered})
    return records, edges, held_apart(draw, entered, decided, homes)


def households(draw: np.random.Generator, by_person: Ints, first: Ints) -> Pairs:
    """A record each of two people who live together."""
    two = draw.permutation(len(first))[: int(len(first) * LIVING_TOGETHER) // 2 * 2]
    left, right = by_person[first[two.reshape(2, -1)]]
    return left, right


def junk_edges(draw: np.random.Generator, count: int) -> Pairs:
    """Stars around values that many share, then as many likely matches beside the hubs."""
    share = min(JUNK_RECORDS, count // 200)
    holders = draw.permutation(count)[: JUNK_VALUES * share].reshape(JUNK_VALUES, share)
    hub = np.repeat(holders[:, :1], share - 1, axis=1)
    beside = np.roll(holders[:, 1:], 1, axis=1)
    left = np.concatenate([hub, beside], axis=None)
    return left, np.tile(holders[:, 1:].ravel(), 2)


def held_apart(draw: np.random.Generator, entered: Ints, decided: Pairs, homes: Pairs) -> pa.Table:
    """Decisions of people, some time after the records came, and evidence, as soon as they did."""
    left, right = (np.concatenate(ends) for ends in zip(decided, homes, strict=True))
    start = np.maximum(entered[left], entered[right])
    start[: len(decided[0])] += draw.integers(0, 365, len(decided[0]))
    holds_from = np.repeat([0, 1], [len(decided[0]), len(homes[0])])
    never = pa.nulls(len(left), pa.int64())
    return pa.table(
        {
            "left": left,
            "right": right,
            "start_day": start,
            "end_day": never,
            "holds_from": holds_from,
        }
    )


def write_warehouse(file: Path, count: int, edges_per_record: float, seed: int) -> None:
    """What the identity models would have found of a made-up brand, as far as the resolver reads it."""
    records, edges, apart = made_up_brand(count, edges_per_record, seed)
    with duckdb.connect(str(file)) as connection:
        for name, table in (("records", records), ("edges", edges), ("apart", apart)):
            connection.register(name, table)
        connection.execute(WAREHOUSE)


def measure(file: Path, max_records: int, memory_limit: str) -> str:
    """One line: size, processor seconds, peak memory, what was found."""
    limits = {"memory_limit": memory_limit, "threads": 2}
    with duckdb.connect(str(file), config=limits) as connection:
        began = time.process_time()
        merges = assign_customers(connection, max_records or None)
        seconds = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9

        def count(asked: str) -> int:
            return int(connection.execute(f"select count(*) from {asked}").fetchall()[0][0])

        refused = " ".join(
            f"{count('resolved.refused_edges where why = ' + why):>9,}"
            for why in ("'different'", "'household'", "'size'")
        )
        return (
            f"{count('identity.int_identity__records'):>10,} {count('identity.int_identity__edges'):>12,}"
            f" {seconds:>9.1f} {peak:>9.2f} {count('resolved.record_customers'):>12,} {merges:>10,} {refused}"
        )


def _alone(*arguments: str) -> str:
    """This script in a process of its own; gives what it prints."""
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = [100_000, 1_000_000, 5_000_000]
    parser.add_argument("--records", type=int, nargs="+", default=sizes, metavar="N")
    parser.add_argument("--edges-per-record", type=float, default=2.0, metavar="X")
    parser.add_argument("--max-records", type=int, default=100, metavar="N", help="0: no limit")
    parser.add_argument("--memory-limit", default="4GB", help="the engine's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write_warehouse(options.write, options.records[0], options.edges_per_record, options.seed)
        return
    if options.measure:
        print(measure(options.measure, options.max_records, options.memory_limit))
        return
    print(
        "   records        edges   seconds   peak GB     map rows     merges different household"
        "      size   growth"
    )
    last: tuple[float, float] | None = None
    for count in options.records:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "kith.duckdb"
            brand = [f"--edges-per-record={options.edges_per_record}", f"--seed={options.seed}"]
            _alone(f"--write={file}", f"--records={count}", *brand)
            limits = [
                f"--max-records={options.max_records}",
                f"--memory-limit={options.memory_limit}",
            ]
            line = _alone(f"--measure={file}", *limits)
        seconds = float(line.split()[2])
        growth = ""
        if last:
            growth = f"x{seconds / max(last[1], 0.05):.1f} for x{count / last[0]:.1f}"
        print(line, " ", growth, flush=True)
        last = count, seconds


if __name__ == "__main__":
    main()
