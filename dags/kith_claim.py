"""The claim that a run lays on a home folder, so that two runs never mix their days in one warehouse."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowRescheduleException, AirflowRuntimeError

from ml.home import Home

log = logging.getLogger(__name__)

# A run that waits for another asks again after this long, and stops believing in a run that has started
# no step for longer than all its retries would take.
ASK_AGAIN, SILENT_FOR = timedelta(minutes=1), timedelta(minutes=30)


def claim_home(home: Home, context: Context) -> None:
    """Hold the home for this run until the run ends, or ask again later.

    The pool keeps two *steps* apart, not two *runs*: a backfill has several runs active, and training may still
    be busy when the daily DAG begins. There is nothing to release: Airflow knows whether the holder still runs.

    Raises:
        AirflowRescheduleException: another run holds it; the task asks again later and frees its pool slot.
    """
    file = home.root / "airflow" / "claim.json"
    me = (context["dag_run"].dag_id, context["dag_run"].run_id)
    now = datetime.now(UTC)
    holder, since = _read_claim(file) or (me, now)
    if holder != me and now - since < SILENT_FOR and _is_running(context, *holder):
        log.warning(
            "Waiting: the run %s of %s holds this home. If that run is dead, mark it as failed or delete %s.",
            holder[1],
            holder[0],
            file,
        )
        raise AirflowRescheduleException(now + ASK_AGAIN)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(
        json.dumps({"dag_id": me[0], "run_id": me[1], "since": now.isoformat()}), encoding="utf-8"
    )
    part.replace(file)


def _read_claim(file: Path) -> tuple[tuple[str, str], datetime] | None:
    try:
        claim = json.loads(file.read_text(encoding="utf-8"))
        return (claim["dag_id"], claim["run_id"]), datetime.fromisoformat(claim["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_running(context: Context, dag_id: str, run_id: str) -> bool:
    try:
        state = context["ti"].get_dagrun_state(dag_id=dag_id, run_id=run_id)
    except AirflowRuntimeError:  # that run is not in this Airflow's database any more
        return False
    return state in ("queued", "running")
