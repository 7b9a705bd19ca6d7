"""What the DAGs share: where the brand's folders are, one operator that runs a step of `kith`, and defaults.

A step is the command that works by hand. Whatever it prints goes to the task's log. Exit status 1 is a stop
that a retry cannot mend, so the task fails at once with the step's own paragraph; a step that was killed is
tried again. A DAG parses in a fraction of a second because nothing here imports what the steps import.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import DAG, Asset, BaseOperator, Context, CronTriggerTimetable, Param
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from kith_claim import claim_home
from kith_clock import as_of_date

from ml.data.targets import read_targets
from ml.errors import KithError
from ml.home import REPOSITORY, Home
from ml.stores.place import Place, place_of

# One slot: the warehouse has one writer. `python -m ml.airflow_home` makes the pool; without it Airflow
# warns that the DAG "references non-existent pools" and leaves the tasks waiting.
WAREHOUSE_POOL = "kith_warehouse"
RETRIES, RETRY_DELAY = 2, timedelta(minutes=5)
SHORT, LONG = timedelta(hours=3), timedelta(hours=12)
DATE_HELP = "The day to run for, instead of the day of the logical date."
WHERE_TO_LOOK = """
*Where to look:* `kith account --home {home}` says what came in, how good each model is and whom to call first, and
names the published tables. Pages to read: what each border found, in `{home}/reports/data_docs`; every table and
column with its lineage, `{home}/reports/dbt_docs/index.html`; runs, plots and model cards in MLflow (`make mlflow`).
"""


@dataclass(frozen=True)
class Brand:
    """The folders and settings that the DAGs of one Airflow work on."""

    home: Home
    landing: Place
    targets_file: Path | None

    @classmethod
    def from_environment(cls) -> Brand:
        """Read KITH_HOME (default: home of the repository), KITH_LANDING (default: its landing), KITH_TARGETS."""
        root = Path(os.environ.get("KITH_HOME") or REPOSITORY / "home").resolve()
        landing = place_of(os.environ.get("KITH_LANDING") or root / "landing")
        targets = os.environ.get("KITH_TARGETS")
        return cls(Home(root), landing, Path(targets).resolve() if targets else None)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone in which a day begins."""
        return ZoneInfo(self.home.settings.timezone)

    @cached_property
    def target_names(self) -> list[str]:
        """What is predicted, each name once (a target may have several horizons)."""
        return list(dict.fromkeys(target.name for target in read_targets(self.targets_file)))

    def command(self, step: Sequence[str], only_published: bool = False) -> list[str]:
        """A step as it is typed by hand, its day left to the run."""
        landing = [] if only_published else ["--landing", str(self.landing)]
        targets = ["--targets", str(self.targets_file)] if self.targets_file else []
        return [
            str(Path(sys.executable).parent / "kith"),
            *step,
            *landing,
            *("--home", str(self.home.root)),
            *("--as-of-date", "{{ as_of_date(dag_run, params, triggering_asset_events) }}"),
            *([] if only_published else targets),
        ]

    def dag(self, dag_id: str, when: str | Asset, doc: str) -> DAG:
        """A DAG on the brand's clock, the date rule, one run at a time.

        Args:
            dag_id: its name, which is that of its file.
            when: a cron expression in the brand's zone, or the asset whose news start a run.
            doc: what it does and what to do when it fails, in Markdown.
        """
        start = self.home.settings.schedule_start
        zone = pendulum.timezone(self.home.settings.timezone)
        return DAG(
            dag_id,
            doc_md=doc + WHERE_TO_LOOK.format(home=self.home.root),
            schedule=[when] if isinstance(when, Asset) else CronTriggerTimetable(when, zone),
            start_date=datetime.fromisoformat(start).replace(tzinfo=self.zone) if start else None,
            catchup=start is not None and isinstance(when, str),
            max_active_runs=1,
            params={
                "as_of_date": Param(
                    None, type=["null", "string"], format="date", description=DATE_HELP
                )
            },
            user_defined_macros={"as_of_date": self._as_of_date},
            tags=["kith"],
        )

    def step(
        self,
        task_id: str,
        command: str,
        doc: str,
        outlet: Asset | None = None,
        only_published: bool = False,
    ) -> KithStep:
        """A task that runs `kith COMMAND` for the run's day; `only_published` says that it reads no landing zone."""
        return KithStep(
            task_id=task_id,
            brand=self,
            step=command.split(),
            doc_md=doc,
            outlet=outlet,
            only_published=only_published,
        )

    def feature_steps(self) -> list[KithStep]:
        """From the landing zone to checked features: what scoring and training both begin with."""
        return [
            self.step(
                "read_landing",
                "build --part landing",
                "Reads, types and sorts out what was landed.",
            ),
            self.step(
                "check_landing",
                "expect landing",
                "Stops when too many rows are bad; see reports/ in the home.",
            ),
            self.step(
                "build_identity", "build --part identity", "Decides which records are one person."
            ),
            self.step(
                "build_events",
                "build --part events",
                "Gives every fact its customer and both clocks.",
            ),
            self.step(
                "build_features",
                "build --part features",
                "What was known of each customer at each cut-off.",
            ),
            self.step(
                "check_features",
                "expect features",
                "Stops when features are not fit for the models.",
            ),
        ]

    def _as_of_date(
        self, dag_run: Any, params: Mapping[str, Any], events: Mapping[Any, Any]
    ) -> str:
        try:
            every = [event for of_asset in events.values() for event in of_asset]
            return as_of_date(
                self.zone, dag_run.logical_date, dag_run.run_type, params.get("as_of_date"), every
            ).isoformat()
        except KithError as error:
            raise AirflowFailException(str(error)) from None


class KithStep(BaseOperator):  # type: ignore[misc]  # mypy does not read airflow
    """Run one step of `kith` for the run's day, alone on the brand's home folder.

    Args:
        brand: the folders the step works on.
        step: the step and its own options, such as `["build", "--part", "landing"]`.
        outlet: an asset that the step brings up to date; its event carries as_of_date, the published version
            (where there is one) and the target (where the step has one).
        only_published: the step reads published versions alone, so it takes neither landing zone nor targets.
    """

    template_fields: Sequence[str] = ("command",)
    ui_color = "#e8f1ee"

    def __init__(
        self,
        *,
        brand: Brand,
        step: Sequence[str],
        outlet: Asset | None = None,
        only_published: bool = False,
        **arguments: Any,
    ) -> None:
        defaults: dict[str, Any] = {
            "pool": WAREHOUSE_POOL,
            "retries": RETRIES,
            "retry_delay": RETRY_DELAY,
            "execution_timeout": LONG if "train" in step else SHORT,
            "outlets": [outlet] if outlet else [],
        }
        super().__init__(**(defaults | arguments))
        self.home = brand.home
        self.outlet = outlet
        self.command = brand.command(step, only_published)

    @cached_property
    def _hook(self) -> SubprocessHook:
        return SubprocessHook()

    def execute(self, context: Context) -> None:
        """Take the home for this run, run the step, and say of what came out."""
        self.home.logs.mkdir(parents=True, exist_ok=True)
        claim_home(self.home, context)
        try:
            result = self._hook.run_command(self.command, cwd=str(self.home.logs))
        except (
            KeyboardInterrupt
        ):  # `airflow dags test` was stopped; the step has a session of its own
            self.on_kill()
            raise
        if result.exit_code in (1, 2):
            raise AirflowFailException(result.output)
        if result.exit_code != 0:
            raise AirflowException(
                f"`kith {self.command[1]}` was ended from outside (status {result.exit_code}; -9 is often too "
                "little memory). It can be run again as it is."
            )
        if self.outlet:
            context["outlet_events"][self.outlet].extra = self._account()

    def on_kill(self) -> None:
        """End the step and what it started, when the task times out or is ended by hand."""
        if self._hook.sub_process and self._hook.sub_process.poll() is None:
            self._hook.send_sigterm()

    def _account(self) -> dict[str, Any]:
        given = dict(zip(self.command, self.command[1:], strict=False))
        account = {"as_of_date": given["--as-of-date"]}
        if "--target" in given:
            account["target"] = given["--target"]
        if self.command[1] == "publish":
            account["version"] = json.loads(self.home.run_state.read_text(encoding="utf-8"))[
                "version"
            ]
        return account
