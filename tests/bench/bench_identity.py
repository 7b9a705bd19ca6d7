"""Time, memory and growth of the cluster resolver: `python tests/bench/bench_identity.py`.

A made-up brand: people of one to ten records joined by chains and repeated edges over four years;
some edges end, some join strangers for a while (a value not yet known to be shared), and some
people are held apart by a decision. Each size runs in a process of its own, so that its peak of
memory is its own.
"""

import argparse
import resource
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa

from ml.identity.clusters import resolve

DAYS = 1461


def made_up_brand(count: int, edges_per_record: float, seed: int) -> tuple[pa.Table, ...]:
    """Records, edges and decisions of `count` records."""
    draw = np.random.default_rng(seed)
    entered = np.sort(draw.integers(0, DAYS, count))
    sizes = np.minimum(draw.geometric(0.4, count), 10)
    ends = np.cumsum(sizes)
    ends = np.append(ends[ends < count], count)
    by_person = draw.permutation(count)
    owner = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    chain = np.flatnonzero(owner[1:] == owner[:-1])
    more = int(count * edges_per_record) - len(chain)
    again = draw.choice(chain, more)
    first_of = np.append(0, ends)[owner[again]]
    left = np.concatenate([by_person[chain + 1], by_person[again + 1]])
    right = np.concatenate([by_person[chain], by_person[first_of]])

    strangers = draw.random(len(left)) < 0.02
    right[strangers] = draw.integers(0, count, strangers.sum())
    start = np.maximum(entered[left], entered[right]) + draw.integers(0, 30, len(left))
    ended = strangers | (draw.random(len(left)) < 0.02)
    end = pa.array(start + draw.integers(1, 365, len(left)), mask=~ended)
    edges = pa.table(
        {
            "left": left,
            "right": right,
            "start_day": start,
            "end_day": end,
            "priority": draw.integers(1, 3, len(left)),
            "probability": np.round(draw.random(len(left)) * 0.1 + 0.9, 4),
            "known_order": np.argsort(np.argsort(start, kind="stable")),
            "reason": draw.integers(0, 6, len(left)),
        }
    )
    held = draw.choice(chain, max(1, count // 2000))
    decided = entered[by_person[held]] + draw.integers(0, 365, len(held))
    decisions = pa.table(
        {
            "left": by_person[held],
            "right": by_person[held + 1],
            "start_day": decided,
            "end_day": pa.nulls(len(held), pa.int64()),
        }
    )
    records = pa.table({"record_no": np.arange(count), "entered_day": entered})
    return records, edges, decisions


def measure(count: int, edges_per_record: float, seed: int) -> str:
    """One line: size, seconds, peak memory before and in the resolver, rows found."""
    tables = made_up_brand(count, edges_per_record, seed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    began = time.perf_counter()
    answer = resolve(*tables)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"{count:>10,} {tables[1].num_rows:>12,} {seconds:>9.1f} {peak:>9.2f} {before:>9.2f}"
        f" {answer.customer_map.num_rows:>12,} {answer.merges.num_rows:>10,}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = [100_000, 500_000, 1_000_000]
    parser.add_argument("--records", type=int, nargs="+", default=sizes, metavar="N")
    parser.add_argument("--edges-per-record", type=float, default=2.0, metavar="X")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(measure(options.one, options.edges_per_record, options.seed))
        return
    print("   records        edges   seconds   peak GB  input GB     map rows     merges   growth")
    last: tuple[float, float] | None = None
    for count in options.records:
        same = ["--edges-per-record", str(options.edges_per_record), "--seed", str(options.seed)]
        command = [sys.executable, __file__, *same, "--one", str(count)]
        line = subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip()
        seconds = float(line.split()[2])
        growth = ""
        if last:
            growth = f"x{seconds / max(last[1], 0.05):.1f} for x{count / last[0]:.1f}"
        print(line, " ", growth, flush=True)
        last = count, seconds


if __name__ == "__main__":
    main()
