"""Airflow's environment of a home folder, its preparation, and the password of its user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml import airflow_home
from ml.airflow_home import airflow_environment, prepare_airflow, write_password
from ml.errors import KithError
from ml.home import Home

URL = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
STUB = '#!/bin/sh\necho "$@" >> "$STUB_CALLS"\nexit ${STUB_STATUS:-0}\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in list(os.environ):
        if name.startswith(("AIRFLOW", "KITH_")):
            monkeypatch.delenv(name)
    stub = tmp_path / "airflow-stub"
    stub.write_text(STUB, encoding="utf-8")
    stub.chmod(0o755)
    monkeypatch.setattr(airflow_home, "AIRFLOW", str(stub))
    monkeypatch.setenv("STUB_CALLS", str(tmp_path / "calls.txt"))
    return Home(tmp_path / "home")


def calls(home: Home) -> list[str]:
    file = home.root.parent / "calls.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def test_tasks_find_the_api_server_where_it_listens(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing = home.root / "landing"
    assert airflow_environment(home, landing)[URL] == "http://localhost:8080/execution/"
    monkeypatch.setenv("AIRFLOW__API__PORT", "8999")
    assert airflow_environment(home, landing)[URL] == "http://localhost:8999/execution/"
    monkeypatch.setenv(URL, "http://elsewhere:80/execution/")
    assert airflow_environment(home, landing)[URL] == "http://elsewhere:80/execution/"


def test_a_database_is_prepared_once_and_again_when_asked(home: Home) -> None:
    environment = {**airflow_environment(home, home.root), DATABASE: "postgresql://a:hunter2@b/c"}
    log = home.logs / "airflow.log"
    both = ["db migrate", f"pools set {' '.join(airflow_home.POOL)}"]
    prepare_airflow(home, environment, log)
    assert calls(home) == both
    prepare_airflow(home, environment, log)
    assert calls(home) == []
    prepare_airflow(home, environment, log, anew=True)
    assert calls(home) == both
    prepare_airflow(home, {**environment, DATABASE: "postgresql://a:hunter2@b/d"}, log)
    assert calls(home) == both
    written = [file.read_text() for file in home.root.rglob("*") if file.is_file()]
    assert written
    assert not any("hunter2" in text for text in written)


def test_db_migrate_prepares_and_ends(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KITH_HOME", str(home.root))
    monkeypatch.setattr("sys.argv", ["airflow_home", "db", "migrate"])
    for _ in range(2):
        airflow_home.main()
        assert [call.split()[0] for call in calls(home)] == ["db", "pools"]
        assert "ready" in capsys.readouterr().out


def test_what_fails_is_not_remembered_as_prepared(home: Home) -> None:
    environment = {**airflow_environment(home, home.root), "STUB_STATUS": "3"}
    for _ in range(2):
        with pytest.raises(KithError, match=r"`airflow db migrate` with status 3.*airflow\.log"):
            prepare_airflow(home, environment, home.logs / "airflow.log")
        assert calls(home) == ["db migrate"]


def test_only_the_owner_reads_the_password(tmp_path: Path) -> None:
    file = tmp_path / "run" / "passwords.json"
    for password in ("first", "second"):
        write_password(password, file)
        assert json.loads(file.read_text(encoding="utf-8")) == {"admin": password}
        assert file.stat().st_mode & 0o777 == 0o600


def test_the_password_reaches_the_file_and_nothing_after_it(home: Home) -> None:
    code = (
        "import os, sys; from ml import airflow_home; "
        "airflow_home.AIRFLOW = os.environ['STUB']; airflow_home.main()"
    )
    stub = home.root.parent / "airflow-stub"
    stub.write_text('#!/bin/sh\nenv > "$STUB_CALLS"\n', encoding="utf-8")
    environment = {"KITH_HOME": str(home.root), "KITH_ADMIN_PASSWORD": "hunter2", "STUB": str(stub)}
    subprocess.run(
        [sys.executable, "-c", code, "api-server"], env={**os.environ, **environment}, check=True
    )
    seen = "\n".join(calls(home))
    assert f"KITH_HOME={home.root}" in seen
    assert "hunter2" not in seen
    (file,) = (home.root / "airflow").glob("*passwords*")
    assert json.loads(file.read_text(encoding="utf-8")) == {"admin": "hunter2"}
