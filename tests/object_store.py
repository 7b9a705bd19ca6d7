"""An object store on this machine for the tests: moto's server, its environment, and a bucket to look into."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.stores.place import ObjectPrefix

SECRET = "geheim-4711"


def environment(endpoint: str) -> dict[str, str]:
    """What a program for S3 reads; files of the person who runs the tests, and the internet, have no part in it."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "tester",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def serving() -> Iterator[str]:
    """A server on a free port; gives its address."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@dataclass(frozen=True)
class Bucket:
    """A bucket as another program than Kith sees it."""

    name: str
    client: Any

    def at(self, prefix: str) -> ObjectPrefix:
        """A place in it."""
        return ObjectPrefix(self.name, prefix)

    def put(self, key: str, data: bytes | str) -> None:
        """Write an object."""
        content = data if isinstance(data, bytes) else data.encode()
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def fill(self, prefix: str, folder: Path) -> ObjectPrefix:
        """Copy a folder's files to a prefix."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())
        return self.at(prefix)

    def get(self, key: str) -> bytes:
        """An object's bytes."""
        data: bytes = self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return data

    def keys(self, prefix: str = "") -> list[str]:
        """The names of all objects below a prefix."""
        found = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix).get("Contents", [])
        return [one["Key"] for one in found]
