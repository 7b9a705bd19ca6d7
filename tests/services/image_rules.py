"""Rules on images, commands and variables of docker-compose.yml; each yields a sentence for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from ml.airflow_home import ADMIN_PASSWORD, PASSWORDS_FILE, airflow_environment
from ml.home import Home
from ml.run import CODE_FOLDERS
from tests.services.compose_file import ENV_EXAMPLE, REPOSITORY, VARIABLE, dotenv
from tests.services.facts import (
    Tree,
    airflow_knows,
    airflow_options,
    command_of,
    dockerfile,
    environment_of,
    is_airflow,
    is_kith,
    kith_variables,
    mlflow_options,
    mlflow_variables,
    pyproject,
    services,
    strings,
    text_of,
)

SECRET_NAME = re.compile(r"PASSWORD$|SECRET|FERNET_KEY$")
# A process of Airflow that lacks one of these works alone, or not at all.
SHARED = (
    "KITH_HOME",
    "KITH_LANDING",
    "MLFLOW_TRACKING_URI",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
)


def images(compose: Tree) -> Iterator[str]:
    """Pinned, and of the versions that the project names."""
    (python,) = re.findall(r"--python-version (\S+)", text_of("Makefile"))
    if f"FROM python:{python}-" not in dockerfile(compose):
        yield f"the image has another Python than the lock ({python})"
    for name, service in services(compose):
        tag = str(service["image"]).partition(":")[2]
        if is_kith(service) and tag != pyproject()["project"]["version"]:
            yield f"{name}: image {tag} is not this version of Kith"
        if not re.match(r"\d", tag):
            yield f"{name}: the image is not pinned"


def packages(compose: Tree) -> Iterator[str]:
    """Installed from the lock as the Makefile does, with every database driver that an address names."""
    quiet = "pip install --quiet --disable-pip-version-check "
    installs = re.findall(f"{quiet}(.+)", text_of("Makefile"))
    assert len(installs) == 2
    for options in installs:
        if f"pip install --no-cache-dir {options}" not in dockerfile(compose):
            yield f"the image does not install as the Makefile does: {options}"
    if dockerfile(compose).count("pip install") != len(installs):
        yield "the image installs what the lock does not know"
    locked = set(re.findall(r"^([a-z0-9-]+)==", text_of("requirements.lock"), re.MULTILINE))
    named = {
        driver for text in strings(compose) for driver in re.findall(r"postgresql\+(\w+):", text)
    }
    # Airflow's api server asks PostgreSQL through asyncpg as well, whatever the address says.
    for driver in {*named, "asyncpg"}:
        if not {driver, f"{driver}-binary"} & locked:
            yield f"the driver {driver} is not in the lock"


def copies(compose: Tree) -> Iterator[str]:
    """Everything that Kith reads at run time is in the image, and nothing else is sent to its build."""
    lines = re.findall(r"^COPY (.+) \S+$", dockerfile(compose), re.MULTILINE)
    copied = {source for line in lines for source in line.split()}
    tables = pyproject()
    needed = {name.split(".")[0] for name in tables["tool"]["setuptools"]["packages"]}
    needed |= {*CODE_FOLDERS, "dags", "pyproject.toml", "requirements.lock"}
    needed |= {tables["project"]["readme"]}
    if missing := sorted(needed - copied):
        yield f"the image lacks {missing}"
    if absent := sorted(name for name in copied if not (REPOSITORY / name).exists()):
        yield f"the image copies what is not there: {absent}"
    rules = [line for line in text_of(".dockerignore").splitlines() if line and line[0] != "#"]
    if rules[0] != "*" or {rule[1:] for rule in rules if rule[0] == "!"} != copied:
        yield f"the image copies {sorted(copied)}, and .dockerignore lets something else in"


def commands(compose: Tree) -> Iterator[str]:
    """Airflow's and MLflow's own parsers accept them."""
    for name, service in services(compose):
        command = command_of(service)
        if is_airflow(service):
            if not airflow_knows(command[3:]):
                yield f"{name}: `{' '.join(command)}` is unknown to Airflow"
        elif command[:1] == ["mlflow"]:
            try:
                mlflow_options(command)
            except click.ClickException as error:
                yield f"{name}: `{' '.join(command)}` is refused by MLflow: {error.message}"
        elif is_kith(service):
            yield f"{name}: `{' '.join(command)}` is neither Airflow nor MLflow"


def variables(compose: Tree) -> Iterator[str]:
    """Somebody reads each of them, and ml/airflow_home.py does not give it already."""
    known = {
        "KITH_": kith_variables(),
        "AIRFLOW__": {*airflow_options()},
        "MLFLOW_": mlflow_variables(),
    }
    nowhere = REPOSITORY / "nowhere"
    given = airflow_environment(Home(nowhere), nowhere)
    for name, service in services(compose):
        for variable, value in environment_of(service).items():
            for prefix, names in known.items():
                if is_kith(service) and variable.startswith(prefix) and variable not in names:
                    yield f"{name}: nothing reads {variable}"
            if is_airflow(service) and given.get(variable) == value:
                yield f"{name}: {variable} repeats what ml/airflow_home.py gives"


def agreement(compose: Tree) -> Iterator[str]:
    """Every process of Airflow has the same variables, the login of the api server aside."""
    family = {
        name: {
            variable: value
            for variable, value in environment_of(service).items()
            if variable not in (ADMIN_PASSWORD, PASSWORDS_FILE)
        }
        for name, service in services(compose)
        if is_airflow(service)
    }
    first = next(iter(family))
    for name, own in family.items():
        if own != family[first]:
            yield f"{name}: its variables differ from those of {first}"
        if missing := [variable for variable in SHARED if variable not in own]:
            yield f"{name}: lacks {missing}"


def secrets(compose: Tree) -> Iterator[str]:
    """Each comes from .env, and without it nothing starts."""
    example = dotenv(ENV_EXAMPLE.read_text(encoding="utf-8"))
    used = [found for text in strings(compose) for found in VARIABLE.finditer(text)]
    required = {found["name"] for found in used if found["kind"] == "?"}
    if required != set(example):
        yield f".env.example and the file differ in {sorted(required ^ set(example))}"
    if filled := sorted(name for name in example if SECRET_NAME.search(name) and example[name]):
        yield f".env.example holds a value for {filled}"
    for name, service in services(compose):
        for variable, value in environment_of(service).items():
            found = VARIABLE.fullmatch(str(value))
            asked_for = found is not None and found["kind"] == "?" and bool(found["text"])
            if SECRET_NAME.search(variable) and not asked_for:
                yield f"{name}: {variable} must come from .env, and say so when it is absent"
    if any(re.search(r"://[^/@\s]+:[^/@\s]+@", text) for text in strings(compose)):
        yield "an address holds a password"
    if not any(ADMIN_PASSWORD in environment_of(service) for _, service in services(compose)):
        yield "Airflow would make up a password and print it into its log"
