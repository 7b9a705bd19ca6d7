"""How good is the matcher of records (`python tests/bench/bench_matching.py accuracy`), what does it cost (`scale`)?

`accuracy` builds landing and identity of a shared data set and of the demo brand, and holds the customers
against the truth, pair by pair. `scale` takes made-up brands through evidence, matching and resolving, each
stage in a process of its own, and prints time, memory and growth. Both print Markdown tables.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matching_accuracy import demo_brand, shared_set, table
from matching_scale import STAGES, run_stage, scale

REPOSITORY = Path(__file__).resolve().parent.parent.parent
CUSTOMERS = [20_000, 200_000]
SIZES = [100_000, 1_000_000, 5_000_000]


@contextmanager
def kept_in(folder: Path | None) -> Iterator[Path]:
    """The folder that was asked for, or one that goes when all is said."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="kith-matching-") as work:
            yield Path(work)


def accuracy(sizes: list[int], folder: Path) -> None:
    """Print one table; what is being done goes to standard error."""
    judged = []
    shared = Path(os.environ.get("KITH_SHARED_DATA", REPOSITORY / "../shared/data"))
    if (shared / "identity").is_dir():
        judged.append(shared_set(shared, folder, progress))
    else:
        progress(f"{shared} is not here: the shared identity set is left out")
    judged += [demo_brand(customers, folder, progress) for customers in sizes]
    print(table(judged))


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    truth = tasks.add_parser("accuracy", help="precision and recall against the truth")
    truth.add_argument("--customers", type=int, nargs="*", default=CUSTOMERS, metavar="N")
    truth.add_argument("--keep", type=Path, help="keep landing zones and homes in this folder")
    costs = tasks.add_parser("scale", help="time, memory and growth")
    costs.add_argument("--records", type=int, nargs="+", default=SIZES, metavar="N")
    costs.add_argument("--keep", type=Path, help="keep the homes in this folder")
    one = tasks.add_parser("stage")
    one.add_argument("stage", choices=STAGES)
    one.add_argument("home", type=Path)
    one.add_argument("records", type=int)
    return parser


def main() -> None:
    options = arguments().parse_args()
    if options.task == "stage":
        run_stage(options.stage, options.home, options.records)
        return
    with kept_in(options.keep) as folder:
        if options.task == "scale":
            scale(options.records, folder)
        else:
            accuracy(options.customers, folder)


if __name__ == "__main__":
    main()
