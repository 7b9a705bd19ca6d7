"""A prefix of an S3 bucket as a store: the one module that talks to s3fs.

Where the store is and who asks stands in the environment or in a profile, as every program for S3 reads it
(AWS_ENDPOINT_URL, AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID …). An object appears whole or not at all, so
nothing here needs a name for what is half written.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import aiohttp
import s3fs
from botocore.exceptions import BotoCoreError, ClientError
from fsspec.asyn import sync

from ml.errors import KithError
from ml.stores.place import ObjectPrefix
from ml.stores.refusals import LOST, MISSING, changed, code_of, told
from ml.stores.store import Content, Stored

READ_AHEAD = 1 << 16  # of a file of which only the head or the foot is read
BLOCK = 16 << 20  # of a file that is fetched whole
DIGEST = "sha256"  # key of an object's metadata


class ObjectStore:
    """Objects below a prefix. Every method raises KithError when the store refuses, or cannot be reached."""

    def __init__(self, place: ObjectPrefix) -> None:
        self.place = place
        self._s3 = s3fs.S3FileSystem(
            anon=False,
            skip_instance_cache=True,
            use_listings_cache=False,
            config_kwargs={
                "connect_timeout": 10,
                "read_timeout": 60,
                "retries": {"max_attempts": 3},
            },
        )

    def files(self, below: str = "") -> list[Stored]:
        """Every object below the prefix, ordered as folders list them; one request per thousand."""
        prefix = f"{(self.place / below).prefix}/".lstrip("/")
        start = len(f"{self.place.prefix}/".lstrip("/"))
        found: list[Stored] = []
        more: dict[str, str] = {}
        with self._told("list"):
            while True:
                page = self._s3.call_s3(
                    "list_objects_v2", Bucket=self.place.bucket, Prefix=prefix, **more
                )
                found += [
                    Stored(one["Key"][start:], one["Size"], one["ETag"].strip('"'))
                    for one in page.get("Contents", [])
                    if not one["Key"].endswith("/")  # what some tools leave to show an empty folder
                ]
                if not page.get("IsTruncated"):
                    break
                more = {"ContinuationToken": page["NextContinuationToken"]}
        return sorted(found, key=lambda file: PurePosixPath(file.name).parts)

    @contextmanager
    def open(self, file: Stored) -> Iterator[BinaryIO]:
        """The object by ranges, each asked for by its ETag."""
        with self._opened(file, cache_type="readahead", block_size=READ_AHEAD) as content:
            yield io.BufferedReader(
                _Reader(content, partial(self._told, "read", file.name)), READ_AHEAD
            )

    @contextmanager
    def on_disk(self, file: Stored, scratch: Path) -> Iterator[Path]:
        """A copy that is removed when the block ends."""
        scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetched-", dir=scratch) as folder:
            path = Path(folder) / PurePosixPath(file.name).name
            self._fetch(file, path)
            yield path

    def _fetch(self, file: Stored, path: Path) -> None:
        try:
            with (
                self._opened(file, cache_type="none", block_size=BLOCK) as content,
                path.open("wb") as sink,
            ):
                reader = _Reader(content, partial(self._told, "read", file.name))
                while block := reader.read(BLOCK):
                    sink.write(block)
        except OSError as error:  # the store's own faults are told by now
            raise KithError(
                f"{self.place / file.name} ({file.size:,} bytes) cannot be copied to {path.parent}: {error.strerror}. "
                "Make room there and run again."
            ) from error

    def identity(self, file: Stored) -> str:
        """ETag and size, as the listing gave them."""
        return f"{file.etag}-{file.size}"

    @contextmanager
    def writing(self, name: str, scratch: Path | None = None) -> Iterator[Path]:
        """A file that is sent when the block ends."""
        with tempfile.TemporaryDirectory(prefix="kith-sent-", dir=scratch) as folder:
            part = Path(folder) / PurePosixPath(name).name
            yield part
            self.send(part, name)

    def send(self, path: Path, name: str, digest: str | None = None) -> None:
        """One request, or for a large file several, whose parts are invisible until the last."""
        # Parts so large that a file has at most 10,000 of them, and few in memory at once.
        parts = {"chunksize": max(BLOCK, path.stat().st_size // 9_000), "max_concurrency": 2}
        kept = {"Metadata": {DIGEST: digest}} if digest else {}
        with self._told("write", name):
            self._s3.put_file(str(path), (self.place / name).path, **parts, **kept)

    def digest(self, name: str) -> str | None:
        """The SHA-256 that the object was written with; None also for an object of another program."""
        with self._told("read", name):
            try:
                found = self._s3.call_s3("head_object", **self._key(name))
            except FileNotFoundError:
                return None
        digest: str | None = found["Metadata"].get(DIGEST)
        return digest

    def read(self, name: str) -> Content | None:
        """The object's bytes; its mark is its ETag, of the same answer."""

        async def ask() -> Content:
            answer = await self._s3._call_s3("get_object", **self._key(name))
            async with answer["Body"] as body:
                return Content(await body.read(), answer["ETag"])

        with self._told("read", name):
            try:
                found: Content = sync(self._s3.loop, ask)
            except FileNotFoundError as error:
                if code_of(error) in MISSING:
                    return None
                raise
        return found

    def replace(self, name: str, data: bytes, seen: Content | None) -> bool:
        """One conditional request: If-None-Match where nothing was seen, If-Match with the ETag seen otherwise."""
        condition = {"IfMatch": seen.mark} if seen else {"IfNoneMatch": "*"}
        with self._told("write", name):
            try:
                self._s3.call_s3("put_object", **self._key(name), Body=data, **condition)
            except OSError as error:
                if code_of(error) not in LOST:
                    raise
                # A request whose answer was lost is sent again, and then refuses what it did itself.
                found = self.read(name)
                return found is not None and found.data == data
        return True

    @contextmanager
    def alone(self, name: str, patience: float) -> Iterator[None]:
        """Object stores know no locks: `replace` tells who was first."""
        yield

    def _key(self, name: str) -> dict[str, str]:
        return {"Bucket": self.place.bucket, "Key": (self.place / name).prefix}

    @contextmanager
    def _opened(self, file: Stored, **how: Any) -> Iterator[Any]:
        with self._told("read", file.name):
            content = self._s3.open((self.place / file.name).path, "rb", **how)
        with content:
            # From here on every range is asked for with this ETag; it must be the one of the listing.
            if content.details["ETag"].strip('"') != file.etag:
                raise changed(self.place / file.name)
            yield content

    @contextmanager
    def _told(self, doing: str, name: str = "") -> Iterator[None]:
        try:
            yield
        except (KithError, OSError, BotoCoreError, ClientError, aiohttp.ClientError) as error:
            raise told(error, doing, self.place / name) from error


class _Reader(io.RawIOBase):
    """An object's bytes, its faults told as stops: libraries that read it take no OSError of ours for the file's."""

    def __init__(self, content: Any, told: Callable[[], AbstractContextManager[None]]) -> None:
        self._content = content
        self._told = told

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._content.seek(offset, whence))

    def tell(self) -> int:
        return int(self._content.tell())

    def readinto(self, buffer: Any) -> int:
        with self._told():
            block = self._content.read(len(memoryview(buffer)))
        memoryview(buffer)[: len(block)] = block
        return len(block)
