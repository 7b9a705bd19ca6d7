"""Airflow beside a brand's home folder: its settings as environment variables, its database, its pool.

    python -m ml.airflow_home dags test customer_360_daily 2026-07-01
    python -m ml.airflow_home standalone
    python -m ml.airflow_home db migrate

Whatever follows is given to `airflow`, in an environment made for the home folder in KITH_HOME. `db migrate` makes the
pool, too: so a database which several services share is prepared once, before they start.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from ml.errors import KithError
from ml.home import REPOSITORY, Home
from ml.stores.place import Place, place_of

AIRFLOW = str(Path(sys.executable).parent / "airflow")
POOL = ("kith_warehouse", "1", "One step at a time writes the warehouse")
ADMIN = "admin"
ADMIN_PASSWORD = "KITH_ADMIN_PASSWORD"
PASSWORDS_FILE = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"


def brand_from_environment() -> tuple[Home, Place]:
    """The home folder and the landing zone that KITH_HOME and KITH_LANDING name, as the DAGs read them."""
    root = Path(os.environ.get("KITH_HOME") or REPOSITORY / "home").resolve()
    return Home(root), place_of(os.environ.get("KITH_LANDING") or root / "landing")


def airflow_environment(home: Home, landing: Place) -> dict[str, str]:
    """This process's environment with Airflow's settings for one home folder.

    Variables that are already set win, except those that tie Airflow to the home. Dates without a time on
    Airflow's command line are read in `default_timezone`, so that is the brand's zone. Tasks report to the api
    server, and look for it at port 8080 of this machine unless they are told where it is.

    Raises:
        KithError: a setting of the home folder is wrong.
    """
    place = home.root / "airflow"
    api_port = os.environ.get("AIRFLOW__API__PORT", "8080")
    offered = {
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": home.settings.timezone,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{api_port}/execution/",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        PASSWORDS_FILE: str(place / "simple_auth_manager_passwords.json.generated"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{place / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home.logs / "airflow"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONWARNINGS": "ignore",
    }
    tied = {
        "AIRFLOW_HOME": str(place),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "KITH_HOME": str(home.root),
        "KITH_LANDING": str(landing),
        # `airflow standalone` starts its parts by name
        "PATH": os.pathsep.join([str(Path(AIRFLOW).parent), os.environ.get("PATH", os.defpath)]),
    }
    return {**offered, **os.environ, **tied}


def prepare_airflow(
    home: Home, environment: dict[str, str], log: Path, *, anew: bool = False
) -> None:
    """Create or upgrade Airflow's database and make the pool, once per Airflow version, database and home.

    Args:
        home: the home folder that remembers what was prepared.
        environment: of `airflow_environment`.
        log: receives what Airflow says.
        anew: do it whatever the home remembers: a database on a server may have been replaced since.

    Raises:
        KithError: Airflow could not; the message names the log.
    """
    done = home.root / "airflow" / "prepared.txt"
    database = environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    # A digest, because the address of a database may hold a password.
    wanted = f"{version('apache-airflow')} {hashlib.sha256(database.encode()).hexdigest()}"
    if not anew and done.exists() and done.read_text(encoding="utf-8") == wanted:
        return
    done.parent.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    for arguments in (("db", "migrate"), ("pools", "set", *POOL)):
        with log.open("ab") as sink:
            status = subprocess.run(
                [AIRFLOW, *arguments],
                env=environment,
                stdout=sink,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        if status != 0:
            raise KithError(
                f"Setting up Airflow in {done.parent} failed at `airflow {' '.join(arguments[:2])}` with status "
                f"{status}. Its output is at the end of {log}."
            )
    done.write_text(wanted, encoding="utf-8")


def write_password(password: str, file: Path) -> None:
    """Give Airflow's one user this password. Without the file Airflow makes one up and prints it into its log.

    Airflow's own login (SimpleAuthManager) compares with the text of this file, so only its owner may read it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps({ADMIN: password}), encoding="utf-8")


def check_day(home: Home, day: str) -> None:
    """Refuse a day for which `airflow dags test DAG DAY` would do nothing and report success.

    Raises:
        KithError: the day lies before the setting schedule_start.
    """
    start = home.settings.schedule_start
    if start and day[:10] < start:
        raise KithError(
            f"Airflow runs no task of a day before schedule_start, and calls that a success; found {day}, and "
            f"schedule_start {start} in {home.root}. Name the day as a parameter instead: airflow dags test DAG "
            f'--conf \'{{"as_of_date": "{day}"}}\'.'
        )


def main() -> None:
    """Become `airflow` with the arguments of the command line."""
    home, landing = brand_from_environment()
    try:
        if sys.argv[1:3] == ["dags", "test"] and len(sys.argv) > 4 and sys.argv[4][:1].isdigit():
            check_day(home, sys.argv[4])
        environment = airflow_environment(home, landing)
        if password := environment.pop(ADMIN_PASSWORD, None):
            write_password(password, Path(environment[PASSWORDS_FILE]))
        preparing = sys.argv[1:] == ["db", "migrate"]
        prepare_airflow(home, environment, home.logs / "airflow.log", anew=preparing)
    except KithError as error:
        print(f"kith: {error}", file=sys.stderr)
        sys.exit(1)
    if preparing:
        print(f"Airflow's database and the pool {POOL[0]} are ready")
        return
    os.execve(AIRFLOW, [AIRFLOW, *sys.argv[1:]], environment)


if __name__ == "__main__":
    main()
