"""A folder of this machine as a store."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from ml.stores.store import Content, Stored


class FolderStore:
    """Files of a folder and of the folders in it. OSErrors pass: they name the file and the reason."""

    def __init__(self, root: Path) -> None:
        self.place = root

    def files(self, below: str = "") -> list[Stored]:
        """The files in the folder and one level below it."""
        found: list[Stored] = []
        for path in sorted((self.place / below).iterdir()):
            for candidate in sorted(path.iterdir()) if path.is_dir() else [path]:
                name = candidate.relative_to(self.place).as_posix()
                if candidate.is_file():
                    found.append(Stored(name, candidate.stat().st_size))
                else:
                    found.append(Stored(f"{name}/"))
        return found

    @contextmanager
    def open(self, file: Stored) -> Iterator[BinaryIO]:
        """The file itself."""
        with (self.place / file.name).open("rb") as content:
            yield content

    @contextmanager
    def on_disk(self, file: Stored, scratch: Path) -> Iterator[Path]:
        """The file itself; nothing is copied."""
        yield self.place / file.name

    def identity(self, file: Stored) -> str:
        """Digest of the bytes: times and sizes of files are no proof."""
        return str(self.digest(file.name))

    @contextmanager
    def writing(self, name: str, scratch: Path | None = None) -> Iterator[Path]:
        """A hidden file beside it, which then takes its place by one rename and keeps its rights."""
        target = self.place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # Hidden, and with an ending of its own: no landing zone reads it.
        part = target.with_name(f".{target.name}.unfinished")
        try:
            yield part
            if target.exists():
                os.chmod(part, target.stat().st_mode & 0o777)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)

    def send(self, path: Path, name: str, digest: str | None = None) -> None:
        """A copy of the file."""
        with self.writing(name) as part:
            shutil.copyfile(path, part)

    def digest(self, name: str) -> str | None:
        """SHA-256 of the file's bytes, read now."""
        try:
            with (self.place / name).open("rb") as content:
                return hashlib.file_digest(content, "sha256").hexdigest()
        except FileNotFoundError:
            return None

    def read(self, name: str) -> Content | None:
        """The file's bytes; its mark is their digest."""
        try:
            data = (self.place / name).read_bytes()
        except FileNotFoundError:
            return None
        return Content(data, hashlib.sha256(data).hexdigest())

    def replace(self, name: str, data: bytes, seen: Content | None) -> bool:
        """Compare and rename: safe against others that hold the file with `alone`."""
        if self.digest(name) != (seen.mark if seen else None):
            return False
        with self.writing(name) as part:
            part.write_bytes(data)
        return True

    @contextmanager
    def alone(self, name: str, patience: float) -> Iterator[None]:
        """A lock file beside the file; its name begins with a dot."""
        path = self.place / name
        path.parent.mkdir(exist_ok=True)
        try:
            with FileLock(path.with_name(f".{path.name}.lock"), timeout=patience):
                yield
        except Timeout as error:
            raise TimeoutError(str(path)) from error
