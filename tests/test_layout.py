"""The rules of the layout: who may import whom, who opens the warehouse, how long a module may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("ml", "expectations", "dags")
OURS = {"ml", "expectations", "dags", "dbt_project", "tests"}

# Statistics and learning: numbers in, numbers out. They know no files, no database and no MLflow.
PURE = ("ml/learn/models", "ml/learn/training", "ml/learn/judging", "ml/learn/expected")
NOT_PURE = {"duckdb", "mlflow", "pathlib", "os", "sqlite3", "subprocess", "requests", "click"}

# The one module that talks to each of these libraries.
TALKS_TO = {
    "mlflow": {"ml/learn/registry.py"},
    "great_expectations": {"expectations/validation.py"},
    "lightgbm": {
        "ml/learn/models/growing.py",
        "ml/learn/models/served_trees.py",
        "ml/learn/models/tree_tables.py",
        "ml/learn/models/trees.py",
        "ml/learn/expected/boosting.py",
        "ml/activate/uplift/boosting.py",
    },
    # The companion asks for the session that ml/data/spark.py describes in its environment.
    "pyspark": {"ml/data/spark.py"},
    "implicit": {"ml/activate/recommend/collaborative.py"},
    "optuna": {"ml/learn/training/search.py"},
    "phonenumbers": {"ml/data/phones.py"},
    "s3fs": {"ml/stores/objects.py"},
    "fsspec": {"ml/stores/objects.py"},
    "botocore": {"ml/stores/objects.py"},
}

MOST_LINES = 250


def modules(*folders: str) -> list[Path]:
    """Source files of our packages."""
    return sorted(path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def imports_of(path: Path) -> Iterator[str]:
    """Full names of everything that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = (
                ".".join(path.relative_to(REPOSITORY).parts[: -node.level]) if node.level else ""
            )
            module = ".".join(part for part in (package, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def top(name: str) -> str:
    return name.split(".")[0]


def importers_of(library: str) -> set[str]:
    return {
        name_of(path)
        for path in modules(*PACKAGES)
        if library in {top(name) for name in imports_of(path)}
    }


def test_the_modules_are_found() -> None:
    found = {name_of(path) for path in modules(*PACKAGES)}
    assert len(found) > 60
    assert {
        "ml/cli.py",
        "ml/learn/training/train.py",
        "expectations/runner.py",
        "dags/customer_360_daily.py",
    } <= found
    assert all(any(name.startswith(f"{folder}/") for name in found) for folder in PURE)
    assert {"ml.data.stage", "ml.data.stage.build_landing"} <= set(
        imports_of(REPOSITORY / "ml/flow.py")
    )


def test_ml_imports_neither_airflow_nor_dbt_nor_great_expectations_nor_their_users() -> None:
    banned = {"airflow", "dbt", "great_expectations", "expectations", "dags", "tests"}
    broken = {
        name_of(path): sorted(found)
        for path in modules("ml")
        if (found := {top(name) for name in imports_of(path)} & banned)
    }
    assert broken == {}


def test_dags_import_nothing_heavy() -> None:
    banned = {
        "lightgbm",
        "mlflow",
        "pandas",
        "duckdb",
        "great_expectations",
        "sklearn",
        "numpy",
        "dbt",
    }
    broken = {
        name_of(path): sorted(found)
        for path in modules("dags")
        if (found := {top(name) for name in imports_of(path)} & banned)
    }
    assert broken == {}


@pytest.mark.parametrize("path", modules(*PURE), ids=name_of)
def test_learning_is_pure(path: Path) -> None:
    names = set(imports_of(path))
    allowed = tuple(folder.replace("/", ".") + "." for folder in PURE)
    packages = {folder.replace("/", ".") for folder in PURE}
    ours = {name for name in names if top(name) in OURS}
    assert {name for name in ours - packages if not name.startswith(allowed)} == set()
    assert {top(name) for name in names} & NOT_PURE == set()


@pytest.mark.parametrize("library", sorted(TALKS_TO))
def test_one_module_talks_to_a_library(library: str) -> None:
    assert importers_of(library) == TALKS_TO[library]


def test_one_module_opens_the_warehouse() -> None:
    opening: dict[str, set[str]] = {}
    for path in modules(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "duckdb.connect",
                "connect_to_duckdb",
            ):
                opening.setdefault(name_of(path), set()).add(ast.unparse(node))
    # The reader of landing files works in memory.
    assert opening.pop("ml/data/raw_files.py") == {"duckdb.connect()"}
    assert set(opening) == {"ml/data/warehouse.py"}
    assert all(
        "duckdb.connect" not in name for path in modules(*PACKAGES) for name in imports_of(path)
    )


def test_dbt_knows_nothing_of_python_packages_of_ours() -> None:
    beside_dbt = list((REPOSITORY / "dbt_project").rglob("*.py"))
    assert beside_dbt
    imported = {top(name) for path in beside_dbt for name in imports_of(path)}
    assert imported & OURS == set()


def test_modules_are_short_or_say_why_not() -> None:
    long = {
        name_of(path)
        for path in modules(*PACKAGES)
        if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES and not _says_why(path)
    }
    assert long == set()


def _says_why(path: Path) -> bool:
    head = path.read_text(encoding="utf-8").splitlines()[:20]
    return any("longer than" in line.lower() for line in head)


def test_public_functions_are_documented() -> None:
    silent = []
    for path in modules("ml", "expectations"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if (
                isinstance(node, ast.FunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                silent.append(f"{name_of(path)}: {node.name}")
    assert silent == []


def test_nothing_reads_the_wall_clock() -> None:
    clocks = {
        "date.today",
        "datetime.now",
        "datetime.today",
        "datetime.utcnow",
        "pd.Timestamp.now",
        "time.time",
    }
    reading = {
        f"{name_of(path)}: {ast.unparse(node.func)}"
        for path in modules("ml", "expectations")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in clocks
    }
    assert reading == set()
    clock = re.compile(r"\bcurrent_(date|timestamp|time)\b|\b(now|today|getdate)\(|\bsysdate\b")
    sql = [
        path for path in (REPOSITORY / "dbt_project").rglob("*.sql") if "target" not in path.parts
    ]
    assert len(sql) > 30
    assert {name_of(path) for path in sql if clock.search(path.read_text().lower())} == set()
