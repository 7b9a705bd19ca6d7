"""Naming a folder or a prefix of an object store; nothing is read yet, and nothing heavy is imported."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ml.errors import KithError

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+)://(?P<rest>.*)", re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")


@dataclass(frozen=True)
class ObjectPrefix:
    """Objects of one bucket whose names begin alike: `s3://bucket/prefix`; the prefix has no slash at its ends."""

    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"s3://{self.path}"

    def __truediv__(self, name: str) -> ObjectPrefix:
        return ObjectPrefix(self.bucket, f"{self.prefix}/{name}".strip("/"))

    @property
    def name(self) -> str:
        """The last part, as of a path."""
        return self.path.rpartition("/")[2]

    @property
    def path(self) -> str:
        """Bucket and prefix, as `bucket/prefix`."""
        return f"{self.bucket}/{self.prefix}".rstrip("/")


Place = Path | ObjectPrefix


def place_of(given: str | Place) -> Place:
    """The place that a text or a path names; a folder becomes absolute.

    Raises:
        KithError: the text is a URL of another kind than `s3://bucket/prefix`.
    """
    if isinstance(given, ObjectPrefix):
        return given
    if isinstance(given, str) and _URL.fullmatch(given):
        try:
            return object_prefix(given)
        except ValueError as error:
            raise KithError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    return Path(given).resolve()


def object_prefix(url: str) -> ObjectPrefix:
    """The prefix that `s3://bucket/prefix` names.

    Raises:
        ValueError: it names none. The text is not repeated: people put keys into such addresses.
    """
    parts = _URL.fullmatch(url)
    if parts is None or parts["scheme"].lower() != "s3":
        raise ValueError(
            "an object store is written s3://bucket/prefix, other kinds of address are not known; "
            "any store that speaks S3 is reached by AWS_ENDPOINT_URL"
        )
    bucket, _, prefix = parts["rest"].partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise ValueError(
            "an object store is written s3://bucket/prefix, where the bucket's name holds letters, digits, dots and "
            "hyphens; keys and passwords belong in the environment (AWS_ACCESS_KEY_ID) or in a profile, never here"
        )
    return ObjectPrefix(bucket, prefix.strip("/"))
