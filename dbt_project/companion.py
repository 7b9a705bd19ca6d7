"""dbt, kept running between commands: `python companion.py` reads one JSON object per line.

It holds the `arguments` of a command and the `environment` that names the warehouse. dbt's words go to the
output as it says them; after each command follows one line that begins with a record separator and tells in
JSON whether it went well and, if not, what failed first. Under DuckDB the warehouse is let go after each command,
for its file has one writer at a time; under Spark one session serves them all.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dbt.adapters.factory import reset_adapters
from dbt.cli.main import dbtRunnerResult
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager
from parsed import runner

ANSWER = "\x1e"
MADE = ("model", "seed")
FAILED = ("error", "fail", "runtime error")
FOR_MENDERS = (EventLevel.DEBUG, EventLevel.TEST)
Invoke = Callable[[list[str]], dbtRunnerResult]


class ToldEvents(EventManager):
    """Passes on what somebody reads: dbt words every event, also where no log of the command asks for its level."""

    def fire_event(
        self,
        e: BaseEvent,
        level: EventLevel | None = None,
        node: Any = None,
        force_warn_or_error_handling: bool = False,
    ) -> None:
        """Tell an event; one for those who mend dbt only where a log is kept for them."""
        is_read = any(logger.level in FOR_MENDERS for logger in self.loggers)
        if is_read or (level or e.level_tag()) not in FOR_MENDERS:
            super().fire_event(e, level, node, force_warn_or_error_handling)


def invoke_on_duckdb(arguments: list[str]) -> dbtRunnerResult:
    """Run one command, and let the database file go."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    outcome = runner(arguments).invoke(arguments)
    reset_adapters()
    DuckDBConnectionManager.close_all_connections()
    return outcome


def invoke_on_spark() -> Invoke:
    """Make the session that dbt will find, and give what runs a command on the tables of the lake."""
    from lake import Lake

    lake = Lake(Path(os.environ["KITH_LAKE"]))

    def invoke(arguments: list[str]) -> dbtRunnerResult:
        lake.register()
        outcome = runner(arguments).invoke(arguments)
        reset_adapters()
        results: Any = getattr(outcome.result, "results", None) or []
        made = [result.node for result in results if result.node.resource_type in MADE]
        lake.record([f"{node.schema}.{node.alias}" for node in made])
        return outcome

    return invoke


def first_failure(outcome: dbtRunnerResult) -> dict[str, str] | None:
    """Name the first node that failed and what was said of it."""
    results: Any = getattr(outcome.result, "results", None) or []
    for result in results:
        if str(result.status) in FAILED:
            return {"node": result.node.unique_id, "message": result.message or "no message"}
    return None


def main() -> None:
    """Answer requests until the input ends."""
    ctx_set_event_manager(ToldEvents())
    on_spark = os.environ.get("KITH_ENGINE") == "spark"
    invoke = invoke_on_spark() if on_spark else invoke_on_duckdb
    for line in sys.stdin:
        request = json.loads(line)
        os.environ.update(request["environment"])
        outcome = invoke(request["arguments"])
        answer = {"success": outcome.success, "failure": first_failure(outcome)}
        sys.stdout.write(f"{ANSWER}{json.dumps(answer)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
