"""The home folder: where a brand's warehouse, models and published versions live, and who holds it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from ml.errors import KithError
from ml.settings import Settings, load_settings

REPOSITORY = Path(__file__).resolve().parent.parent
DBT_PROJECT = REPOSITORY / "dbt_project"
SEEDS = DBT_PROJECT / "seeds"


@dataclass(frozen=True)
class Home:
    """Names every place inside a home folder; nobody else joins these paths."""

    root: Path

    @cached_property
    def settings(self) -> Settings:
        """The scalar settings that hold in this home."""
        return load_settings(self.root)

    @property
    def warehouse(self) -> Path:
        """Folder of everything that can be rebuilt from the landing zone."""
        return self.root / "warehouse"

    @property
    def database(self) -> Path:
        """The DuckDB file."""
        return self.warehouse / "kith.duckdb"

    @property
    def lake(self) -> Path:
        """Under Spark: every table as Parquet in `<schema>.db/<table>`, and the list of them."""
        return self.warehouse / "lake"

    @property
    def spark(self) -> Path:
        """What a Spark session is started with."""
        return self.warehouse / "spark"

    @property
    def raw(self) -> Path:
        """Landed rows as text, one Parquet file per landed file."""
        return self.warehouse / "raw"

    @property
    def landing_headers(self) -> Path:
        """Headers of landed files on an object store."""
        return self.warehouse / "headers.json"

    @property
    def trial(self) -> Home:
        """A home inside this one, for as long as an experiment asks another question of the same facts."""
        return Home(self.warehouse / "trial")

    @property
    def run_state(self) -> Path:
        """What the warehouse was last built for."""
        return self.warehouse / "run.json"

    @property
    def erasures(self) -> Path:
        """The list of erased people: keyed hashes, and the key they were made with."""
        return self.root / "erasures.json"

    @property
    def matching(self) -> Path:
        """What the matcher of records learned, one file per epoch."""
        return self.root / "matching"

    @property
    def mlflow(self) -> Path:
        """MLflow's database and artifacts."""
        return self.root / "mlflow"

    @property
    def published(self) -> Path:
        """The published versions and the pointer to the current one."""
        return self.root / "published"

    @property
    def activation(self) -> Path:
        """What is decided on the published versions: lists, plans, exports, readings."""
        return self.root / "activation"

    def activation_version(self, name: str) -> Path:
        """The tables of decisions that were made on one published version."""
        return self.activation / "versions" / name

    @property
    def exports(self) -> Path:
        """Every list that left the house: destination, audience, version."""
        return self.activation / "exports"

    @property
    def audience_keys(self) -> Path:
        """Which audience keys were used, for what and when; it holds no person."""
        return self.activation / "audience_keys.json"

    @property
    def suppression_list(self) -> Path:
        """Whom never to contact; a relative path of the setting means the same from wherever a step is started."""
        return self.root / self.settings.suppression_file

    @property
    def reports(self) -> Path:
        """What people look at: validation results and documentation, as pages."""
        return self.root / "reports"

    def border_report(self, border: str) -> Path:
        """What was found at one of the three borders, as JSON."""
        return self.reports / "expectations" / f"{border}.json"

    @property
    def data_docs(self) -> Path:
        """Great Expectations' pages, one folder per border."""
        return self.reports / "data_docs"

    @property
    def relationship_page(self) -> Path:
        """The page with pictures of levels, cohorts and concentration."""
        return self.reports / "relationship" / "index.html"

    def experiment_report(self, name: str) -> Path:
        """Folder of the report on one experiment."""
        return self.reports / "experiments" / name

    @property
    def monitoring(self) -> Path:
        """What was published for earlier days beside what happened: a table that grows, and its page."""
        return self.reports / "monitoring"

    @property
    def recommendation_page(self) -> Path:
        """The page on what is offered, and how good such offers were."""
        return self.reports / "recommendations" / "index.html"

    def effects_page(self, name: str) -> Path:
        """The page on what messages do ("uplift") or on what lists and campaigns brought ("lift")."""
        return self.reports / name / "index.html"

    @property
    def plan_page(self) -> Path:
        """Today's plan of contacts in words, with a picture."""
        return self.reports / "plan" / "index.html"

    @property
    def latest_monitoring(self) -> Path:
        """What monitoring says of each target's latest day, in lines for people."""
        return self.monitoring / "latest.txt"

    @property
    def dbt_docs(self) -> Path:
        """dbt's page of every model, column and its lineage."""
        return self.reports / "dbt_docs"

    @property
    def logs(self) -> Path:
        """Output of the tools that the steps start."""
        return self.root / "logs"

    @contextmanager
    def lock(self, doing: str) -> Iterator[None]:
        """Hold this home alone while a step works on it.

        Raises:
            KithError: another process holds it; the message names the process. Or it is no folder that
                can be written to.
        """
        holder_file = self.root / "lock.json"
        lock = FileLock(self.root / "lock")
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout as error:
            raise KithError(
                f"{self.root} is in use: {_describe_holder(holder_file)}. One run at a time works on a "
                "home folder. Wait until it has ended, or stop that process, and run again."
            ) from error
        except OSError as error:
            raise KithError(
                f"{self.root} cannot be used as a home folder: {error.strerror}. Give a folder that can be "
                "written to with --home."
            ) from error
        try:
            holder_file.write_text(
                json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "doing": doing})
            )
            yield
        finally:
            holder_file.unlink(missing_ok=True)
            lock.release()


def _describe_holder(holder_file: Path) -> str:
    try:
        holder = json.loads(holder_file.read_text())
        return f"`{holder['doing']}` (process {holder['pid']} on {holder['host']}) holds the lock"
    except (OSError, ValueError, KeyError):
        return "another process holds the lock"
