"""No personal data in logs, errors, MLflow, data docs or Airflow, whatever goes wrong.

Canaries stand in every text of a person. They may be in the landing zone, in the warehouse and in the
published tables, and nowhere else. A customer id is a pseudonym, and no personal data in this sense.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import ml.cli
from ml.home import DBT_PROJECT, Home
from tests.flow.canaries import CANARIES, FRIEND_KEY, add_person, found_in
from tests.flow.conftest import CANARY_DAY, CanaryBrand

pytestmark = pytest.mark.slow
MAY_HOLD = ("landing", "landing-truth", "home/warehouse/", "home/published/versions/")


def test_a_day_in_airflow_leaves_nothing_outside(canary_brand: CanaryBrand) -> None:
    outside = {
        name: texts
        for name, texts in canary_brand.held.items()
        if not name.startswith(("warehouse/", "published/versions/"))
    }
    assert outside == {}
    seen = {path.relative_to(canary_brand.home).as_posix() for path in canary_brand.home.rglob("*")}
    # Each of those who write was there, and what they wrote was read.
    for written in (
        "logs/screen.log", "logs/dbt.log", "airflow/airflow.db", "mlflow/mlflow.db",
        "reports/expectations/landing.json", "reports/data_docs/landing/index.html",
    ):  # fmt: skip
        assert written in seen
    screen = (canary_brand.home / "logs" / "screen.log").read_text()
    assert "[DAG TEST] end task task_id=publish_version" in screen
    assert "rows in = " in screen
    assert any(name.startswith("mlflow/artifacts/") for name in seen)
    refused = canary_brand.published.table("quarantine")
    mine = refused[refused["file"].str.contains("zq")]
    assert set(mine["entity"]) == {"consents", "interactions", "measurements", "orders"}


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def headerless(path: Path) -> None:
    path.write_text("\n".join(path.read_text().splitlines()[1:]) + "\n")


def never_closed(path: Path) -> None:
    path.write_text(path.read_text() + f'"{CANARIES["name"]},{CANARIES["email"]}\n')


def another_encoding(path: Path) -> None:
    path.write_bytes(path.read_bytes() + f"é{CANARIES['email']}\n".encode("latin-1"))


def money_in_words(path: Path) -> None:
    columns = pq.read_table(path).to_pydict()
    columns["currency"] = [CANARIES["email"], "EUR", CANARIES["name"]]
    pq.write_table(pa.table(columns), path)


# What is damaged and how, and the words of the stop.
DAMAGES: list[tuple[str, Callable[[Path], None], str]] = [
    ("profiles/zq.csv", headerless, "none of them a required name"),
    ("shares/zq.csv", never_closed, "cannot be read as CSV"),
    ("contacts/zq.csv", another_encoding, "is not UTF-8 text"),
    ("orders/zq.parquet", truncated, "cannot be read as Parquet"),
    ("orders/zq.parquet", money_in_words, "(EUR, 2 that are no code of three letters)"),
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which somebody types `kith`: with the person's rows only, and a home that is strict."""
    landing = tmp_path / "landing"
    for entity in ("profiles", "orders", "interactions", "shares"):
        (landing / entity).mkdir(parents=True)
    add_person(landing)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "kith.toml").write_text("min_bad_rows_entity = 1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


Kith = Callable[..., tuple[int, str]]


@pytest.fixture
def kith(place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Kith:
    """Run `kith` here, and keep what it and its children say in a file beside."""

    def run(*words: str) -> tuple[int, str]:
        day = ["--as-of-date", str(CANARY_DAY), "--home", "home"] if words[0] != "check" else []
        monkeypatch.setattr(sys, "argv", ["kith", *words, "--landing", "landing", *day])
        status = 0
        try:
            ml.cli.main()
        except SystemExit as stop:
            status = int(stop.code or 0)
        told = "".join(capfd.readouterr())
        (place / f"said-{len(list(place.glob('said-*')))}.txt").write_text(told, encoding="utf-8")
        return status, told

    return run


def nothing_outside(place: Path) -> None:
    held = found_in(place, [*CANARIES.values(), FRIEND_KEY])
    assert {name: texts for name, texts in held.items() if not name.startswith(MAY_HOLD)} == {}
    assert any(name.startswith("landing/") for name in held)


@pytest.mark.parametrize(("name", "damage", "told"), DAMAGES)
def test_a_damaged_file_is_told_without_what_it_holds(
    name: str, damage: Callable[[Path], None], told: str, place: Path, kith: Kith
) -> None:
    damage(place / "landing" / name)
    status, said = kith("build")
    assert status == 1
    assert told in said
    nothing_outside(place)


def test_a_border_that_stops_is_told_in_counts(place: Path, kith: Kith) -> None:
    assert kith("build", "--part", "landing")[0] == 0
    status, said = kith("expect", "landing")
    assert status == 1
    assert "Border landing stopped the run" in said
    report = (place / "home" / "reports" / "expectations" / "landing.json").read_text()
    assert '"result": "failed"' in report
    nothing_outside(place)


def test_errors_of_the_warehouse_are_told_without_values(
    place: Path, kith: Kith, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = place / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    base = "{{ ref('base_profiles') }} where email is not null"
    (project / "models" / "staging" / "broken.sql").write_text(
        f"{{{{ config(materialized='table') }}}} select cast(email as integer) as number from {base}"
    )
    # It looks at a table that is built late, so that the model fails first.
    late = (
        f"select email from {base} and (select count(*) from {{{{ ref('landing_summary') }}}}) > 0"
    )
    (project / "tests" / "nobody_has_an_email.sql").write_text(late)
    monkeypatch.setattr("ml.transform.DBT_PROJECT", project)
    status, said = kith("build", "--part", "landing")
    assert status == 1
    assert "Building broken in the warehouse failed: Runtime Error" in said
    assert "Conversion Error: Could not convert string …" in said
    log = (place / "home" / "logs" / "dbt.log").read_text()
    assert re.search(r"FAIL \d nobody_has_an_email", log)
    nothing_outside(place)


def test_a_fault_of_ours_is_logged_without_values(
    place: Path, kith: Kith, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(connection: object, home: Home) -> None:
        person = dict(CANARIES)
        connection.execute("select cast(? as integer)", [person["email"]])  # type: ignore[attr-defined]

    monkeypatch.setattr("ml.data.stage.normalise_phones", fall)
    status, said = kith("build", "--part", "landing")
    assert status == 1
    assert "this is a fault of Kith" in said
    log = (place / "kith-fault.log").read_text()
    assert "in fall" in log
    assert "ConversionException: (its words are left out" in log
    nothing_outside(place)
