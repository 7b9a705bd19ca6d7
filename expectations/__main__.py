"""`python -m expectations BORDER --home HOME --as-of-date YYYY-MM-DD`: does the data pass this border?

`python -m expectations --stay` reads such arguments from its input, one JSON list per line, and answers each with
one line: a record separator, then JSON with `status` (as below), `said` and `complained`. Loading Great Expectations
takes seconds, and a run has three borders.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import sys
import warnings
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from expectations.runner import check_border
from expectations.suites import borders
from ml.errors import KithError
from ml.faults import place_of_fault
from ml.home import Home

STAY = "--stay"
ANSWER = "\x1e"


def stay() -> int:
    """Judge border after border, until the input ends."""
    for request in sys.stdin:
        said, complained = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
            status = main(json.loads(request))
        answer = {
            "status": status,
            "said": said.getvalue(),
            "complained": complained.getvalue(),
        }
        sys.stdout.write(f"{ANSWER}{json.dumps(answer)}\n")
        sys.stdout.flush()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge one border; 0: every rule holds, 1: a rule is broken or nothing could be judged, 2: wrong usage."""
    options = _parser().parse_args(arguments)
    _silence_libraries()
    try:
        verdict = check_border(Home(options.home.resolve()), options.border, options.as_of_date)
    except KithError as error:
        print(error, file=sys.stderr)
        return 1
    except Exception as error:  # what a library says of it may quote data
        print(
            f"Border {options.border}: the check stopped on a fault of Kith, not of your data "
            f"({place_of_fault(error)}). Please report it with the command you ran.",
            file=sys.stderr,
        )
        return 1
    for warning in verdict.warnings:
        print(warning)
    if not verdict.passed:
        print(verdict.message(), file=sys.stderr)
        return 1
    held = verdict.rules - len(verdict.warnings)
    print(f"border {verdict.border}, {verdict.as_of_date}: {held} of {verdict.rules} rules hold")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m expectations",
        description="Check one border of a run with Great Expectations.",
    )
    parser.add_argument("border", choices=borders(), help="which border")
    parser.add_argument(
        "--home", type=Path, required=True, help="the home folder with the warehouse"
    )
    parser.add_argument(
        "--as-of-date",
        type=_day,
        required=True,
        metavar="YYYY-MM-DD",
        help="the day the warehouse was built for",
    )
    return parser


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no date such as 2026-07-01") from error


def _silence_libraries() -> None:
    """What the user reads is the verdict; what libraries think of each other goes nowhere."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


if __name__ == "__main__":
    sys.exit(stay() if sys.argv[1:] == [STAY] else main())
