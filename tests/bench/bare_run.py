"""The same SQL and the same predictions without anything around them.

`python tests/bench/bare_run.py record STEP LANDING HOME DAY STORE` runs one step of the flow and keeps, per dbt
command, the warehouse as it was before and every statement that dbt sent for models; seeds and data tests are left
out. `... replay STORE` sends the statements again, in one DuckDB process; `... dbt STORE` runs the same commands with
dbt, in one process, too; `... predict HOME DAY` lets the served trees predict the whole feature table of a day with
LightGBM alone.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

LOG, ARGUMENTS = "dbt.log", "arguments.json"


def record(step: str, landing: Path, home: Path, day: date, store: Path) -> None:
    """Run one part of `kith build` as it is, keeping what dbt is asked and from where it starts."""
    from ml import flow, transform
    from ml.run import Run

    given = transform.dbt_arguments

    def kept(*arguments: Any, **options: Any) -> list[str]:
        place = store / f"{len(list(store.glob('*'))):02d}-{step}"
        place.mkdir(parents=True)
        shutil.copy(run.home.database, place)
        said = given(*arguments, **options)
        (place / ARGUMENTS).write_text(json.dumps(said), encoding="utf-8")
        said[said.index("--log-level-file") + 1] = "debug"
        said[said.index("--log-path") + 1] = str(place)
        return [*said, "--log-format-file", "json", "--log-file-max-bytes", "0"]

    transform.dbt_arguments = kept
    run = Run.of(home, landing, day, report=lambda _: None)
    flow.PARTS[step](run)


def statements(log: Path) -> Iterator[str]:
    """What dbt sent for models, in its order."""
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("{"):
                continue  # the parse before the command writes text
            entry = json.loads(line)
            if entry["info"]["name"] != "SQLQuery":
                continue
            node = entry["data"].get("node_info") or {}
            if node.get("resource_type") == "model":
                yield entry["data"]["sql"]


def replay(store: Path) -> None:
    """Send the statements of every recorded command, each to its own warehouse, in this one process."""
    settings = {
        "threads": os.environ.get("KITH_THREADS", "2"),
        "memory_limit": os.environ.get("KITH_MEMORY_LIMIT", "8GB"),
    }
    for place in sorted(store.glob("*-*")):
        database = next(place.glob("*.duckdb"))
        with duckdb.connect(str(database), config=settings) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            sent = list(statements(place / LOG))
            if not sent:
                raise SystemExit(f"no statement was kept in {place}")
            for statement in sent:
                connection.execute(statement)


def run_dbt(store: Path) -> None:
    """Run every recorded command with dbt, each on its own warehouse, in this one process."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    from ml.home import DBT_PROJECT, Home
    from ml.transform import dbt_environment

    sys.path.insert(0, str(DBT_PROJECT))
    runner = import_module("parsed").runner

    for place in sorted(store.glob("*-*")):
        os.environ.update(dbt_environment(Home(store)))
        os.environ["KITH_WAREHOUSE"] = str(next(place.glob("*.duckdb")))
        arguments = json.loads((place / ARGUMENTS).read_text(encoding="utf-8"))
        outcome = runner(arguments).invoke(arguments)
        reset_adapters()
        DuckDBConnectionManager.close_all_connections()
        if not outcome.success:
            raise SystemExit(
                f"dbt did not build {place.name}: {outcome.exception or outcome.result}"
            )


def predict(home: Path, day: date) -> None:
    """Each served text model on the whole feature table of a day."""
    import lightgbm
    import numpy as np

    from ml.home import Home

    with duckdb.connect(str(Home(home).database), read_only=True) as connection:
        for text in sorted((home / "mlflow").glob("artifacts/*/*/artifacts/model/model.txt")):
            bundle = json.loads(text.with_name("bundle.json").read_text(encoding="utf-8"))
            columns = connection.execute(
                f"select {', '.join(bundle['feature_names'])} from features.customer_features where as_of_date = ?",
                [day],
            ).fetchnumpy()
            trees = lightgbm.Booster(model_file=text)
            # Some columns are made on the way to the trees; what is in them costs nothing.
            matrix = np.zeros((len(next(iter(columns.values()))), trees.num_feature()), np.float32)
            for place, column in enumerate(list(columns.values())[: matrix.shape[1]]):
                matrix[:, place] = np.ma.filled(np.ma.asarray(column, np.float32), np.nan)
            trees.predict(matrix, num_threads=1)


if __name__ == "__main__":
    what, *given = sys.argv[1:]
    if what == "record":
        record(
            given[0], Path(given[1]), Path(given[2]), date.fromisoformat(given[3]), Path(given[4])
        )
    elif what == "replay":
        replay(Path(given[0]))
    elif what == "dbt":
        run_dbt(Path(given[0]))
    else:
        predict(Path(given[0]), date.fromisoformat(given[1]))
