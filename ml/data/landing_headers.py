"""Headers of landing files that were read before: an object is not asked again for what cannot have changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ml.stores.store import Store, Stored

Header = tuple[list[str], str]  # names of the columns, and the delimiter


class Headers:
    """Remembers headers of files whose identity costs nothing to know; those of a folder are read each time."""

    def __init__(self, remembered: Path | None) -> None:
        self._remembered = remembered
        self._known = self._load()
        self._asked: dict[str, Header] = {}

    def of(self, store: Store, file: Stored, read: Callable[[Store, Stored], Header]) -> Header:
        """A file's header, read only when it is not known of these bytes."""
        if file.etag is None:
            return read(store, file)
        key = f"{store.identity(file)} {file.name}"
        header = self._known.get(key) or read(store, file)
        self._asked[key] = header
        return header

    def keep(self) -> None:
        """Remember those that were asked for, and no others."""
        if self._remembered is None or self._asked == self._known:
            return
        self._remembered.parent.mkdir(parents=True, exist_ok=True)
        part = self._remembered.with_suffix(".part")
        part.write_text(json.dumps(self._asked, indent=1, sort_keys=True), encoding="utf-8")
        part.replace(self._remembered)

    def _load(self) -> dict[str, Header]:
        if self._remembered is None:
            return {}
        try:
            found = json.loads(self._remembered.read_text(encoding="utf-8"))
            return {key: (list(names), str(delimiter)) for key, (names, delimiter) in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}
