"""How true is the relationship (`python tests/bench/bench_relationship.py planted`), what does it cost (`scale`)?

`planted` holds what a home published of a demo brand (`kith demo`, then `kith run`) against the brand's truth: super
users, levels, revenue brought, the funnel. `scale` writes made-up brands straight as a landing zone and takes them
through every step, each in a process of its own: time, memory and growth. Both print Markdown tables.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from relationship_planted import planted_report
from relationship_scale import STEPS, run_step, scale

SIZES = [100_000, 300_000, 1_000_000]


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    truth = tasks.add_parser("planted", help="what was planted against what is published")
    truth.add_argument(
        "--home", type=Path, default=Path("home"), help="home of a published demo brand"
    )
    truth.add_argument(
        "--landing", type=Path, default=Path("home/landing"), help="its landing zone"
    )
    costs = tasks.add_parser("scale", help="time, memory and growth")
    costs.add_argument("--customers", type=int, nargs="+", default=SIZES, metavar="N")
    costs.add_argument("--keep", type=Path, help="keep landing zones and homes in this folder")
    one = tasks.add_parser("step")
    one.add_argument("step", choices=STEPS)
    one.add_argument("folder", type=Path)
    one.add_argument("customers", type=int)
    return parser


def main() -> None:
    options = arguments().parse_args()
    if options.task == "planted":
        print(planted_report(options.home, options.landing))
    elif options.task == "step":
        run_step(options.step, options.folder, options.customers)
    elif options.keep:
        scale(options.customers, options.keep)
    else:
        with tempfile.TemporaryDirectory(prefix="kith-relationship-") as work:
            scale(options.customers, Path(work))


if __name__ == "__main__":
    main()
