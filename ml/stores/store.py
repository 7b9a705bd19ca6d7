"""What Kith asks of the place where files lie, whatever kind it is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from ml.stores.place import Place


@dataclass(frozen=True)
class Stored:
    """One file of a store: its name below the store's place, its size in bytes, and its ETag.

    A folder keeps no ETag (None). What is no file to be read (a folder in a folder's folder) ends with a slash.
    """

    name: str
    size: int = 0
    etag: str | None = None


@dataclass(frozen=True)
class Content:
    """The bytes of a small file, and the mark by which a later change of it is noticed."""

    data: bytes
    mark: str


class Store(Protocol):
    """A folder or a prefix of an object store. Every method raises KithError when the store refuses or is away."""

    @property
    def place(self) -> Place:
        """Where it is."""

    def files(self, below: str = "") -> list[Stored]:
        """The files of the store (or of one folder in it), by name."""

    def open(self, file: Stored) -> AbstractContextManager[BinaryIO]:
        """A file to read some parts of; an object that is replaced meanwhile raises KithError."""

    def on_disk(self, file: Stored, scratch: Path) -> AbstractContextManager[Path]:
        """A file of this machine with the same bytes: itself, or a copy in `scratch` that goes with the block."""

    def identity(self, file: Stored) -> str:
        """What changes when the file's bytes do; of an object nothing is fetched to tell."""

    def writing(self, name: str, scratch: Path | None = None) -> AbstractContextManager[Path]:
        """A path to write to; when the block ends well, the file is there whole, in place of an earlier one.

        Args:
            name: of the file in the store.
            scratch: folder of this machine for what is not sent yet; the system's own when absent.
        """

    def send(self, path: Path, name: str, digest: str | None = None) -> None:
        """Bring a file of this machine under a name, whole, in place of an earlier one.

        Args:
            path: the file.
            name: of the file in the store.
            digest: SHA-256 of its bytes, to be kept with an object.
        """

    def digest(self, name: str) -> str | None:
        """SHA-256 of a file (of an object: the one it was written with); None where there is none."""

    def read(self, name: str) -> Content | None:
        """A small file whole, or None where there is none."""

    def replace(self, name: str, data: bytes, seen: Content | None) -> bool:
        """Write a small file in one step if it still is what was seen (None: no file). Tells whether it did."""

    def alone(self, name: str, patience: float) -> AbstractContextManager[None]:
        """Hold a file against other writers of this kind, where the store knows locks.

        Raises:
            TimeoutError: somebody else holds it for longer than `patience` seconds.
        """


def store_at(place: Place) -> Store:
    """The store at a place; the libraries of object stores are loaded only for one of them."""
    if isinstance(place, Path):
        from ml.stores.folder import FolderStore

        return FolderStore(place)
    from ml.stores.objects import ObjectStore

    return ObjectStore(place)
