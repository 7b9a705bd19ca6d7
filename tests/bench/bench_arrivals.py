"""Random arrival orders, as many as wanted: `python -m tests.bench.bench_arrivals --seeds 1 2 3`.

For each seed small brands are built day after day and from scratch; status 1 where tables differ.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.conftest import build_world
from tests.flow.arrivals import DAYS, Arrivals, rows_of_all_tables

PARTS = ("landing", "identity", "events")
SETTINGS = 'default_country = "GB"\n'


def differing_tables(seed: int, place: Path) -> list[str]:
    """The tables that are not the same when they were added to."""
    arrivals = Arrivals(seed)
    for day in DAYS:
        arrivals.write(place / "in", [day])
        build_world(place / "in", place / "grown", day, PARTS, SETTINGS)
    build_world(place / "in", place / "whole", DAYS[-1], PARTS, SETTINGS)
    grown, whole = (rows_of_all_tables(place / name) for name in ("grown", "whole"))
    return [name for name in {**grown, **whole} if grown.get(name) != whole.get(name)]


def main() -> int:
    """Try each seed and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    found = 0
    for seed in parser.parse_args().seeds:
        with tempfile.TemporaryDirectory() as place:
            differing = differing_tables(seed, Path(place))
        print(f"seed {seed}: {', '.join(differing) or 'the same'}", flush=True)
        found += bool(differing)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
