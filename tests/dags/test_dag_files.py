"""The DAG files as they stand: their graphs, their commands, their limits, and what they may import."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from stub_home import DAGS, REPOSITORY

DAILY, WEEKLY = "customer_360_daily", "propensity_training_weekly"
ACTIVATION, READOUT = "activation_daily", "campaign_readout_weekly"
EVERY = (DAILY, WEEKLY, ACTIVATION, READOUT)
HEAVY = {
    "lightgbm",
    "mlflow",
    "pandas",
    "duckdb",
    "great_expectations",
    "numpy",
    "pyarrow",
    "sklearn",
    "scipy",
}
LIGHT = {"ml.settings", "ml.stores.place", "ml.data.targets", "ml.home", "ml.errors"}
TARGETS = ("churn", "next_purchase", "share")
FIRST = [
    ("read_landing", "build --part landing"),
    ("check_landing", "expect landing"),
    ("build_identity", "build --part identity"),
    ("build_events", "build --part events"),
    ("build_features", "build --part features"),
    ("check_features", "expect features"),
]
ONLY_PUBLISHED = {"plan_actions", "export_lists"}
LoadDag = Callable[..., Any]


def step_of(task: Any) -> str:
    """The step a task runs, without folders and day."""
    command = task.command
    assert command[0] == str(Path(sys.executable).parent / "kith")
    end = "--home" if task.task_id in ONLY_PUBLISHED else "--landing"
    return " ".join(command[1 : command.index(end)])


def edges(dag: Any) -> set[tuple[str, str]]:
    return {(task.task_id, below) for task in dag.tasks for below in task.downstream_task_ids}


def in_line(names: list[str]) -> set[tuple[str, str]]:
    return set(itertools.pairwise(names))


def test_the_daily_dag_goes_from_landing_to_published_version(load_dag: LoadDag) -> None:
    dag = load_dag(DAILY)
    before = [*FIRST, ("train_when_due", "train --when-due"), ("promote_models", "promote")]
    after = [
        ("score_customers", "score --target churn --target next_purchase --target share"),
        ("build_tables", "build --part tables"),
        ("check_scores", "expect scores"),
        ("audit_tables", "audit"),
        ("publish_version", "publish"),
        ("write_docs", "docs"),
    ]
    assert {task.task_id: step_of(task) for task in dag.tasks} == dict(before + after)
    assert edges(dag) == in_line([name for name, _ in before + after])


def test_the_weekly_dag_trains_compares_and_promotes_each_target(load_dag: LoadDag) -> None:
    dag = load_dag(WEEKLY)
    before = [*FIRST, ("build_labels", "build --part labels")]
    steps, expected = dict(before), in_line([name for name, _ in before])
    for target in TARGETS:
        chain = [f"{verb}_{target}" for verb in ("train", "evaluate", "promote")]
        steps |= {name: f"{name.split('_')[0]} --target {target}" for name in chain}
        expected |= in_line(["build_labels", *chain, "monitor_published"])
    steps["monitor_published"] = "monitor"
    assert {task.task_id: step_of(task) for task in dag.tasks} == steps
    assert edges(dag) == expected


def test_activation_waits_for_a_version_and_goes_from_offers_to_lists(load_dag: LoadDag) -> None:
    from airflow.sdk import Asset, AssetAll

    dag = load_dag(ACTIVATION, 'schedule_start = "2026-07-01"\n')
    assert dag.timetable.asset_condition == AssetAll(Asset("customer_360"))
    assert not dag.catchup  # news have no past days
    steps = [
        ("recommend_products", "recommend"),
        ("estimate_uplift", "uplift"),
        ("plan_actions", "plan"),
        ("export_lists", "export --all --planned"),
    ]
    assert {task.task_id: step_of(task) for task in dag.tasks} == dict(steps)
    assert edges(dag) == in_line([name for name, _ in steps])
    for name in ONLY_PUBLISHED:
        assert not {"--landing", "--targets"} & set(dag.get_task(name).command)


def test_the_readout_reads_the_facts_of_its_day(load_dag: LoadDag) -> None:
    dag = load_dag(READOUT)
    steps = [*FIRST, ("read_lift", "lift")]
    assert {task.task_id: step_of(task) for task in dag.tasks} == dict(steps)
    assert edges(dag) == in_line([name for name, _ in steps])


def test_a_target_with_several_horizons_is_named_once_and_an_unlisted_one_not(
    load_dag: LoadDag, tmp_path: Path
) -> None:
    targets = tmp_path / "targets.csv"
    targets.write_text("target,horizon_days,population_days\nshare,7,365\nshare,30,365\n")
    dag = load_dag(DAILY, KITH_TARGETS=str(targets), KITH_LANDING=str(tmp_path / "islands"))
    assert step_of(dag.get_task("score_customers")) == "score --target share"
    for task in dag.tasks:
        assert task.command[-2:] == ["--targets", str(targets)]
        assert task.command[task.command.index("--landing") + 1] == str(tmp_path / "islands")
        assert task.command[task.command.index("--home") + 1] == str(tmp_path / "home")


@pytest.mark.parametrize("dag_id", EVERY)
def test_every_task_is_limited_explained_and_alone_on_the_warehouse(
    load_dag: LoadDag, dag_id: str
) -> None:
    dag = load_dag(dag_id)
    assert (dag.dag_id, dag.max_active_runs, dag.catchup) == (dag_id, 1, False)
    assert "When it fails" in dag.doc_md
    home = dag.tasks[0].command[dag.tasks[0].command.index("--home") + 1]
    for place in (f"kith account --home {home}", f"{home}/reports/data_docs", "make mlflow"):
        assert place in dag.doc_md
    assert dag.tasks
    for task in dag.tasks:
        assert task.pool == "kith_warehouse", task.task_id
        assert task.retries == 2
        assert task.retry_delay == timedelta(minutes=5)
        assert timedelta(hours=1) <= task.execution_timeout <= timedelta(hours=12)
        assert task.doc_md
        assert "_" in task.task_id


@pytest.mark.parametrize("dag_id", EVERY)
def test_the_docs_of_a_dag_render(load_dag: LoadDag, dag_id: str) -> None:
    from markdown_it import MarkdownIt

    dag = load_dag(dag_id)
    page = MarkdownIt().render(dag.doc_md)
    assert page.startswith("<p><strong>")
    assert page.count("<p>") == len(re.split(r"\n\s*\n", dag.doc_md.strip())) >= 5
    # A mark that is left over was not understood, outside of code.
    assert not re.search(r"[`*]", re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL))
    for task in dag.tasks:
        assert re.fullmatch(r"<p>.*\.</p>\n", MarkdownIt().render(task.doc_md), re.DOTALL)


def test_what_fails_after_publishing_takes_nothing_back(load_dag: LoadDag) -> None:
    dag = load_dag(DAILY)
    publish, docs = dag.get_task("publish_version"), dag.get_task("write_docs")
    assert publish.downstream_task_ids == {"write_docs"}
    assert docs.downstream_task_ids == set()
    assert docs.trigger_rule == "all_success"
    assert not docs.outlets


def test_outlets_are_the_published_tables_and_the_promoted_models(load_dag: LoadDag) -> None:
    def outlets(dag: Any) -> dict[str, list[str]]:
        return {
            task.task_id: [asset.name for asset in task.outlets]
            for task in dag.tasks
            if task.outlets
        }

    assert outlets(load_dag(DAILY)) == {"publish_version": ["customer_360"]}
    assert outlets(load_dag(WEEKLY)) == {
        f"promote_{name}": [f"propensity_{name}"] for name in TARGETS
    }


@pytest.mark.parametrize(
    ("dag_id", "zone", "instant"),
    [
        (DAILY, "UTC", datetime(2026, 7, 1, 2, tzinfo=UTC)),
        (DAILY, "Asia/Ho_Chi_Minh", datetime(2026, 6, 30, 19, tzinfo=UTC)),
        (DAILY, "America/New_York", datetime(2026, 7, 1, 6, tzinfo=UTC)),
        (WEEKLY, "Asia/Ho_Chi_Minh", datetime(2026, 7, 5, 18, tzinfo=UTC)),  # Monday 01:00
    ],
)
def test_the_schedule_begins_with_schedule_start_in_the_brands_zone(
    load_dag: LoadDag, dag_id: str, zone: str, instant: datetime
) -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    dag = load_dag(dag_id, f'timezone = "{zone}"\nschedule_start = "2026-07-01"\n')
    assert dag.catchup
    first = coerce_to_core_timetable(dag.timetable).next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(dag.start_date, None, catchup=True),
    )
    assert first.logical_date == instant


def test_the_dag_processor_finds_every_dag_and_no_error(load_dag: LoadDag) -> None:
    load_dag(DAILY)  # only for its environment
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(DAGS), known_pools={"default_pool"})
    assert bag.import_errors == {}
    assert {Path(dag.fileloc).name: dag_id for dag_id, dag in bag.dags.items()} == {
        f"{dag_id}.py": dag_id for dag_id in EVERY
    }
    warned = {warning.dag_id: warning.message for warning in bag.dag_warnings}
    assert warned.keys() == set(EVERY)
    assert "kith_warehouse" in warned[DAILY]  # a missing pool is named in the user interface


def test_a_wrong_setting_is_a_sentence_in_the_dag_import_error(load_dag: LoadDag) -> None:
    with pytest.raises(Exception, match="'Mars/Olympus' is no time zone"):
        load_dag(DAILY, 'timezone = "Mars/Olympus"\n')


def test_dag_files_import_nothing_heavy() -> None:
    files = sorted(DAGS.rglob("*.py"))
    assert len(files) >= 4
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] not in HEAVY, f"{file.name} imports {name}"
                assert not name.startswith("ml") or name in LIGHT, f"{file.name} imports {name}"


def test_parsing_a_dag_file_loads_nothing_heavy_and_is_quick(tmp_path: Path) -> None:
    code = (
        "import sys, time; import airflow.sdk, airflow.providers.standard.hooks.subprocess\n"
        "before = set(sys.modules); start = time.process_time()\n"
        f"import {', '.join(EVERY)}\n"
        "print(time.process_time() - start); print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    output = subprocess.run(
        [sys.executable, "-c", code],
        env={
            "PYTHONPATH": f"{DAGS}:{REPOSITORY}",
            "AIRFLOW_HOME": str(tmp_path),
            "KITH_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert not HEAVY & set(output[-1].split())
    assert float(output[-2]) < 2


def test_dag_files_are_short() -> None:
    for dag_id in EVERY:
        text = (DAGS / f"{dag_id}.py").read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 60
        assert "airflow" in text.lower()
        assert "dag" in text.lower()
