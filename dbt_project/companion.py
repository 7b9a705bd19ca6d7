"""dbt, kept running between commands: `python companion.py` reads one JSON object per line.

It holds the `arguments` of a command and the `environment` that names the warehouse. dbt's words go to the
output as it says them; after each command follows one line that begins with a record separator and tells in
JSON whether it went well and, if not, what failed first. The warehouse is let go after each command, for its
file has one writer at a time.
"""

import json
import os
import sys
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import reset_adapters
from dbt.cli.main import dbtRunnerResult
from parsed import runner

ANSWER = "\x1e"
FAILED = ("error", "fail", "runtime error")


def first_failure(outcome: dbtRunnerResult) -> dict[str, str] | None:
    """Name the first node that failed and what was said of it."""
    results: Any = getattr(outcome.result, "results", None) or []
    for result in results:
        if str(result.status) in FAILED:
            return {"node": result.node.unique_id, "message": result.message or "no message"}
    return None


def main() -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        os.environ.update(request["environment"])
        outcome = runner(request["arguments"]).invoke(request["arguments"])
        reset_adapters()
        DuckDBConnectionManager.close_all_connections()
        answer = {"success": outcome.success, "failure": first_failure(outcome)}
        sys.stdout.write(f"{ANSWER}{json.dumps(answer)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
