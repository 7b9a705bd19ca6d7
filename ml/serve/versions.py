"""The published versions of a home folder, and which of them readers see."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ml.errors import KithError
from ml.home import Home

MANIFEST, POINTER, VERSIONS = "manifest.json", "current.json", "versions"
_WAY_BACK = (
    "Remove the file and run `kith run` for the day that readers should see: "
    "its version becomes the current one."
)


@dataclass(frozen=True)
class Version:
    """One published version."""

    name: str
    as_of_date: date
    manifest: dict[str, Any]


class Versions:
    """Reads and switches the versions under `<home>/published`."""

    def __init__(self, home: Home) -> None:
        self.folder = home.published / VERSIONS
        self._pointer = home.published / POINTER

    def all(self) -> list[Version]:
        """Every version, by day and name."""
        found = []
        for path in self.folder.glob(f"*/{MANIFEST}"):
            if not path.parent.name.startswith("."):
                found.append(read_version(path))
        return sorted(found, key=lambda version: (version.as_of_date, version.name))

    def current(self) -> Version | None:
        """The version that readers see, or None when nothing is published."""
        pointed_to = self._read_pointer()
        if pointed_to is None:
            return None
        name = pointed_to["version"]
        found = next((version for version in self.all() if version.name == name), None)
        if found is None:
            raise KithError(f"{self._pointer} names the version {name}, which is gone. {_WAY_BACK}")
        return found

    def make_current_if_not_older(self, name: str, as_of_date: date) -> bool:
        """Point readers to a version unless they see one of a later day. Tells whether it did."""
        pointed_to = self._read_pointer()
        if pointed_to is not None and date.fromisoformat(pointed_to["as_of_date"]) > as_of_date:
            return False
        self._point_to(name, as_of_date)
        return True

    def roll_back(
        self, to: str | None = None, before: Callable[[Version], None] = lambda version: None
    ) -> Version:
        """Point readers to an older version: the one named, or the one before the current.

        Args:
            to: its name.
            before: called with the version that was found, before readers see it.

        Raises:
            KithError: there is no such version.
        """
        versions, current = self.all(), self.current()
        if current is None:
            raise KithError(
                f"Nothing is published under {self.folder.parent}, so there is nothing to go back from."
            )
        here = (current.as_of_date, current.name)
        older = [version for version in versions if (version.as_of_date, version.name) < here]
        candidates = [version for version in versions if version.name == to] if to else older
        chosen = candidates[-1] if candidates else None
        if chosen is None:
            names = ", ".join(version.name for version in versions)
            wanted = (
                f"no version is named {to}" if to else f"no version is older than {current.name}"
            )
            raise KithError(f"Going back is not possible: {wanted}. Published versions: {names}.")
        before(chosen)
        self._point_to(chosen.name, chosen.as_of_date)
        return chosen

    def _read_pointer(self) -> dict[str, str] | None:
        try:
            pointed_to = json.loads(self._pointer.read_text(encoding="utf-8"))
            return {name: str(pointed_to[name]) for name in ("version", "as_of_date")}
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise KithError(f"{self._pointer} is damaged. {_WAY_BACK}") from error

    def _point_to(self, name: str, as_of_date: date) -> None:
        part = self._pointer.with_suffix(".part")
        self._write(part, pointer_text(name, as_of_date))
        os.replace(part, self._pointer)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        with path.open("w", encoding="utf-8") as sink:
            sink.write(text)
            sink.flush()
            os.fsync(sink.fileno())


def pointer_text(name: str, as_of_date: date) -> str:
    """What stands in `current.json`."""
    return json.dumps({"version": name, "as_of_date": as_of_date.isoformat()}) + "\n"


def read_version(manifest_file: Path) -> Version:
    """The version whose manifest this is.

    Raises:
        KithError: the manifest is damaged.
    """
    try:
        manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
        return Version(
            manifest_file.parent.name, date.fromisoformat(manifest["as_of_date"]), manifest
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KithError(
            f"{manifest_file} is damaged. A version is never rewritten: remove the folder "
            f"{manifest_file.parent} and publish that day again."
        ) from error
