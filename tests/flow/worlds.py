"""Whole runs on small brands, through the same functions that the command line calls."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from ml.flow import run_day
from ml.home import Home
from ml.run import Run
from ml.stores.place import Place

# A small brand has few people with a rare outcome; the default of 200 is for brands that decide by the result.
SMALL_BRAND = 'default_country = "GB"\nmin_class_customers = 25\n'


@dataclass(frozen=True)
class Published:
    """A published version, read back as a program outside would."""

    folder: Path
    manifest: dict[str, Any]
    said: list[str]

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / f"{name}.parquet")

    def digests(self) -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.folder.iterdir())
        }


@cache
def empty_registry() -> bytes:
    """MLflow's database of a home without models. It takes some fifty migrations, and every new home needs one."""
    from ml.learn.registry import Registry

    with TemporaryDirectory() as folder:
        home = Home(Path(folder))
        Registry(home)
        return (home.mlflow / "mlflow.db").read_bytes()


def with_empty_registry(root: Path) -> None:
    """Make a home folder with MLflow's database in it, unless it is there."""
    database = Home(root).mlflow / "mlflow.db"
    if not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        database.write_bytes(empty_registry())


def run_once(
    landing: Place, home: Path, day: date, settings: str = SMALL_BRAND, targets: str | None = None
) -> Published:
    """Run one day in a home and read its version back."""
    with_empty_registry(home)
    (home / "kith.toml").write_text(settings, encoding="utf-8")
    targets_file = None
    if targets is not None:
        targets_file = home / "targets.csv"
        targets_file.write_text(targets, encoding="utf-8")
    said: list[str] = []
    version = run_day(Run.of(home, landing, day, targets_file, said.append))
    folder = home / "published" / "versions" / version
    return Published(
        folder, json.loads((folder / "manifest.json").read_text(encoding="utf-8")), said
    )
