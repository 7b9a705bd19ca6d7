"""One run: which home, which landing zone, which day, which targets; and what has been built for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ml.data.rates import read_rates
from ml.data.targets import Target, read_targets
from ml.errors import KithError
from ml.home import REPOSITORY, Home
from ml.settings import SETTINGS_FILE
from ml.stores.place import Place, place_of

Report = Callable[[str], None]

# What decides the numbers of a run. Tests, DAGs and documents do not.
CODE_FOLDERS = ("ml", "dbt_project", "expectations")
CODE_SUFFIXES = {".py", ".sql", ".yml", ".csv", ".json"}


@dataclass(frozen=True)
class Run:
    """What every step of a run needs to know."""

    home: Home
    landing: Place
    as_of_date: date
    targets: list[Target]
    report: Report = field(default=print, compare=False)

    @classmethod
    def of(
        cls,
        home: Path,
        landing: Place,
        as_of_date: date,
        targets_file: Path | None = None,
        report: Report = print,
    ) -> Run:
        """Read settings and targets; nothing is written yet."""
        return cls(
            Home(home.resolve()), place_of(landing), as_of_date, read_targets(targets_file), report
        )

    def definition(self) -> str:
        """Digest of what this run computes, the data aside: code, settings with their rates, and targets."""
        targets = [
            (target.name, target.horizon_days, target.population_days) for target in self.targets
        ]
        rates = sorted(read_rates(self.home.settings).items())
        settings = self.home.settings.fingerprint()
        return digest_of([code_digest(), settings, json.dumps(rates), json.dumps(targets)])

    def target(self, name: str) -> list[Target]:
        """The targets of one name (several horizons).

        Raises:
            KithError: the targets file does not list it.
        """
        found = [target for target in self.targets if target.name == name]
        if not found:
            listed = ", ".join(sorted({target.name for target in self.targets}))
            raise KithError(f"The target '{name}' is not in the targets file. Listed: {listed}.")
        return found


class RunState:
    """What the warehouse holds at the moment, kept beside it, so that steps find their predecessors' work."""

    def __init__(self, run: Run) -> None:
        self._path = run.home.run_state
        self._run = run

    def begin(self) -> dict[str, Any]:
        """Start anew for this run's day; whatever was built before no longer counts. Gives the state until now."""
        former = self._read()
        self._write(
            {
                "as_of_date": self._run.as_of_date.isoformat(),
                "engine": self._run.home.settings.engine,
                "done": [],
            }
        )
        return former

    def resume(self, former: dict[str, Any], steps: Iterable[str]) -> None:
        """Count those of a former state's steps as done that are named, with what they found out."""
        kept = [step for step in former["done"] if step in set(steps)]
        # What the kept steps hold is whole; what an interrupted step left behind is not added to.
        self._write({**former, "done": kept, "kept": True, "mode": "rebuild"})

    def has(self, step: str) -> bool:
        """Tell whether the warehouse holds this step's results for this run's day."""
        return self.built_for(self._run.home, step) == self._run.as_of_date

    def note(self, step: str, **facts: Any) -> None:
        """Remember that a step is done, with facts that later steps read."""
        state = self._read()
        state["done"] = [*[done for done in state["done"] if done != step], step]
        state.update(facts)
        self._write(state)

    def forget(self, step: str) -> None:
        """Count a step as not done: its results have been replaced by others'."""
        state = self._read()
        state["done"] = [done for done in state.get("done", []) if done != step]
        self._write(state)

    def require(self, step: str, command: str) -> dict[str, Any]:
        """Give the state when `step` was done for this run's day.

        Raises:
            KithError: the warehouse was built for another day, or the step has not run.
        """
        state = self._read()
        wanted = self._run.as_of_date.isoformat()
        engine = self._run.home.settings.engine
        if state and engine_of(state) != engine:
            raise KithError(
                f"The warehouse in {self._run.home.root} was built by {engine_of(state)}, and this step was asked for "
                f"with the engine {engine}. A warehouse belongs to one engine: give every step the same (the "
                f"setting engine in {SETTINGS_FILE}, or --engine), or build it anew: `kith build --engine {engine}`."
            )
        if state.get("as_of_date") != wanted or step not in state.get("done", []):
            built = (
                f"it was last built for {state['as_of_date']}" if state else "nothing was built yet"
            )
            if state.get("as_of_date") == wanted:
                built = f"for that day only {', '.join(state['done']) or 'nothing'} has been done"
            raise KithError(
                f"This step needs the warehouse in {self._run.home.root} built for {wanted}, with the step "
                f"'{step}' done; {built}. Run `kith {command}` for that day first."
            )
        return state

    @classmethod
    def built_for(cls, home: Home, step: str) -> date | None:
        """The day for which a home's warehouse has been built up to a step, or None."""
        try:
            state = json.loads(home.run_state.read_text(encoding="utf-8"))
            return date.fromisoformat(state["as_of_date"]) if step in state["done"] else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _read(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def _write(self, state: dict[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(state, indent=1, sort_keys=True), encoding="utf-8")
        part.replace(self._path)


def engine_of(state: Mapping[str, Any]) -> str:
    """Which engine built the warehouse that a state tells of."""
    return str(state.get("engine", "duckdb"))


def digest_of(parts: Iterable[str]) -> str:
    """SHA-256 over texts, each one delimited."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


@cache
def code_digest(folders: tuple[str, ...] = CODE_FOLDERS) -> str:
    """Digest of the source files that decide the numbers, and of the locked versions of the libraries."""
    paths = [REPOSITORY / "requirements.lock"] + [
        path
        for folder in folders
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in CODE_SUFFIXES and not {"target", "logs", "__pycache__"} & set(path.parts)
    ]
    return digest_of(
        f"{path.relative_to(REPOSITORY).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in sorted(paths)
    )
