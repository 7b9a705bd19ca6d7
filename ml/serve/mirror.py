"""The mirror of the published folder on an object store, from which other programs read.

The home folder stays the working copy. A version's files are sent first, its manifest last, and then `current.json`
changes by one conditional request: a reader finds the old version or the new one, whole, and of two publishers
that start from the same pointer one is told that the other was quicker.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ml.errors import KithError
from ml.home import Home
from ml.serve.version_files import compared_digests, sha256_of
from ml.serve.versions import MANIFEST, POINTER, VERSIONS, Version, pointer_text
from ml.stores.place import Place, place_of
from ml.stores.store import Content, Store, store_at

Say = Callable[[str], None]


@dataclass(frozen=True)
class Seen:
    """What readers of the mirror saw at a moment, and the pointer as it was then (None: nothing published)."""

    version: str
    as_of_date: date | None
    pointer: Content | None


class Mirror:
    """Versions and pointer below one place. Every method raises KithError when the store refuses or is away."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.store: Store = store_at(place)

    @classmethod
    def of(cls, home: Home) -> Mirror | None:
        """The mirror that the setting `published_to` names, if any."""
        place = home.settings.published_to
        return cls(place_of(place)) if place else None

    def look(self) -> Seen:
        """What readers see now."""
        pointer = self.store.read(POINTER)
        if pointer is None:
            return Seen("", None, None)
        try:
            told = json.loads(pointer.data)
            return Seen(str(told["version"]), date.fromisoformat(told["as_of_date"]), pointer)
        except (ValueError, KeyError, TypeError) as error:
            raise KithError(
                f"{self.place / POINTER} is damaged. Delete the object and run `kith publish` for the day that readers "
                "should see."
            ) from error

    def bring(self, folder: Path) -> int:
        """Send what the store lacks of a version, the manifest last; gives how many files were sent.

        Of a version that is there already, objects are sent again that are gone, or not the ones it was made of.

        Raises:
            KithError: the store has a version of this name with other content.
        """
        there = self.store.read(f"{VERSIONS}/{folder.name}/{MANIFEST}")
        if there is None:
            return self.renew(folder)
        wanted = compared_digests(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
        self._compare(folder, wanted, there)
        return sum([self._send(folder / name) for name in wanted])

    def renew(self, folder: Path) -> int:
        """Let a version's objects be the files of a folder, whatever they were; gives how many were sent."""
        files = sorted(path for path in folder.iterdir() if path.name != MANIFEST)
        return sum([self._send(path) for path in (*files, folder / MANIFEST)])

    def point_to(self, version: Version, seen: Seen) -> None:
        """Let readers see a version that is there.

        Raises:
            KithError: the pointer is no longer the one that was seen.
        """
        text = pointer_text(version.name, version.as_of_date).encode()
        if not self.store.replace(POINTER, text, seen.pointer):
            now = self.look()
            raise KithError(
                f"Somebody else published at {self.place} in the meantime: its {POINTER} names "
                f"{now.version or 'nothing'}, and was left so. The files of {version.name} are there. Run `kith "
                "publish` again if readers should see them, and let one home folder at a time publish to one place."
            )

    def _send(self, path: Path) -> bool:
        name, digest = f"{VERSIONS}/{path.parent.name}/{path.name}", sha256_of(path)
        if self.store.digest(name) == digest:
            return False
        self.store.send(path, name, digest)
        return True

    def _compare(self, folder: Path, wanted: dict[str, str], there: Content) -> None:
        try:
            listed = compared_digests(json.loads(there.data))
        except (ValueError, KeyError, TypeError):
            listed = {}
        if wanted != listed:
            differing = sorted({name for name, _ in wanted.items() ^ listed.items()})
            raise KithError(
                f"{self.place / VERSIONS / folder.name} holds other content than {folder} ({', '.join(differing)}). "
                "Nothing was changed. If somebody was erased while the mirror was away, run that `kith erase` again; "
                "else look at what differs, and delete the version there only if it is known to be damaged."
            )


def mirror_version(
    home: Home, version: Version, folder: Path, say: Say, back: bool = False
) -> None:
    """Bring a version to the mirror, where there is one, and let its readers see it.

    Args:
        home: whose settings name the mirror.
        version: the version.
        folder: its files.
        say: receives a line on what was done.
        back: also when readers see a version of a later day (`kith rollback`).

    Raises:
        KithError: the store refused or is away, has other content of that name, or somebody else was quicker.
    """
    mirror = Mirror.of(home)
    if mirror is None:
        return
    seen = mirror.look()
    sent = mirror.bring(folder)
    told = f"mirrored: {mirror.place / VERSIONS / version.name} ({sent} files sent)"
    if seen.version == version.name:
        say(told)
    elif seen.as_of_date is not None and seen.as_of_date > version.as_of_date and not back:
        say(f"{told}; readers there see {seen.version}, which is of a later day")
    else:
        mirror.point_to(version, seen)
        say(told)


def describe_mirror(home: Home, current: Version) -> list[str]:
    """A line on what readers of the mirror see, or on why nobody can tell; nothing without a mirror."""
    mirror = Mirror.of(home)
    if mirror is None:
        return []
    try:
        seen = mirror.look()
    except KithError as stop:
        return [f"mirror: {stop}"]
    if seen.version == current.name:
        return [f"mirror: {mirror.place} shows the same version"]
    return [
        f"mirror: {mirror.place} shows {seen.version or 'nothing'}, not {current.name}; `kith publish` brings it there "
        "unless the mirror's is of a later day"
    ]
