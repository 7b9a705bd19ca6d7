"""What the tests share: worlds written as rows, and warehouses built from them once and read by many."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

import ml.cli
from ml.data.spark import session
from ml.data.warehouse import connect
from ml.errors import KithError
from ml.flow import PARTS
from ml.home import Home
from ml.run import Run
from ml.stores.place import Place
from tests.object_store import Bucket, environment, serving

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# A busy machine is slow at anything: that is no finding of a test.
settings.register_profile("kith", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kith")

Row = Mapping[str, Any]
REPOSITORY = Path(__file__).resolve().parent.parent
OF_THE_CANARY_BRAND = {f"tests/flow/test_{name}.py" for name in ("by_hand", "erasure", "privacy")}


def write_csv(landing: Path, entity: str, rows: Sequence[Row], name: str = "a.csv") -> Path:
    """Write rows as a CSV file of an entity; the columns are those of all rows, absent values empty."""
    path = landing / entity / name
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.DictWriter(sink, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_parquet(landing: Path, entity: str, rows: Sequence[Row], name: str = "a.parquet") -> Path:
    """Write rows as a Parquet file of an entity, typed as their Python values are."""
    path = landing / entity / name
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    pq.write_table(
        pa.table({column: [row.get(column) for row in rows] for column in columns}), path
    )
    return path


@dataclass
class Built:
    """A warehouse that has been built, and the words the run said on the way."""

    run: Run
    said: list[str]

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Query the warehouse."""
        with connect(self.run.home, read_only=True) as connection:
            return connection.execute(query, list(parameters)).fetchall()

    def value(self, query: str, parameters: Sequence[object] = ()) -> Any:
        """The one value of a query."""
        ((value,),) = self.rows(query, parameters)
        return value


def build_world(
    landing: Place,
    home: Path,
    day: date,
    parts: Iterable[str] = ("landing",),
    settings: str = "",
    targets: str | None = None,
) -> Built:
    """Build the named parts of a landing zone for one day."""
    home.mkdir(parents=True, exist_ok=True)
    if settings:
        (home / "kith.toml").write_text(settings, encoding="utf-8")
    targets_file = None
    if targets is not None:
        targets_file = home / "targets.csv"
        targets_file.write_text(targets, encoding="utf-8")
    said: list[str] = []
    run = Run.of(home, landing, day, targets_file, said.append)
    for part in parts:
        PARTS[part](run)
    return Built(run, said)


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    status: int
    out: str
    err: str


def kith_here(
    words: Iterable[object], patch: pytest.MonkeyPatch, screen: pytest.CaptureFixture[str]
) -> Finished:
    """Run `kith` in this process: what it keeps running beside itself serves the next command."""
    patch.setattr(sys, "argv", ["kith", *map(str, words)])
    status = 0
    try:
        ml.cli.main()
    except SystemExit as stop:
        status = int(stop.code or 0)
    told = screen.readouterr()
    return Finished(status, told.out, told.err)


@contextmanager
def another_process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that has said "held", and ends with the block (the code waits for a line of input)."""
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.communicate("\n")


def database_in_use(database: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    """Another process that writes to a database as long as the block lasts."""
    code = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    )
    return another_process(code, str(database))


def query_parquet(query: str) -> list[tuple[Any, ...]]:
    """Query files without a warehouse."""
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs come first, so that no worker waits at the end for one that began late."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


class ByFile(LoadFileScheduling):
    """A file goes to one worker, and files that share what takes long to build go there together."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "the canary brand" if file in OF_THE_CANARY_BRAND else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Deal the tests out by file; the plugin's own groups do not work with this pytest."""
    return ByFile(config, log)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data sets, where they are; the tests that need them are skipped elsewhere, saying so."""
    place = Path(os.environ.get("KITH_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (place / "online_retail").is_dir():
        pytest.skip(f"no real data at {place}; KITH_SHARED_DATA names another place")
    return place


@pytest.fixture(scope="session")
def object_server() -> Iterator[str]:
    """The address of an object store that lives as long as the tests."""
    with serving() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(object_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket of its own for a test, and the environment in which Kith finds its store."""
    import boto3

    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in environment(object_server).items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    name = f"brand-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=name)
    return Bucket(name, client)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    """One Spark session for all tests; where Spark has no Java they are skipped, saying so."""
    try:
        return session(Home(tmp_path_factory.mktemp("spark")))
    except KithError as error:
        pytest.skip(str(error))
