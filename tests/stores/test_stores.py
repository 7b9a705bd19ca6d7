"""A folder and an object store behave alike, and only an object store costs its libraries."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ml.errors import KithError
from ml.stores.objects import BLOCK
from ml.stores.place import ObjectPrefix, Place, place_of
from ml.stores.store import Store, Stored, store_at
from tests.object_store import SECRET, Bucket, environment

Make = Callable[[dict[str, str]], Store]


@pytest.fixture(params=["folder", "objects"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes a store of the given files."""

    def in_folder(files: dict[str, str]) -> Store:
        root = tmp_path / "store"
        root.mkdir()
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return store_at(root)

    def of_objects(files: dict[str, str]) -> Store:
        bucket: Bucket = request.getfixturevalue("bucket")
        for name, text in files.items():
            bucket.put(f"some/where/{name}", text)
        bucket.put("some/where-else/orders/z.csv", "another place, whose name begins alike")
        return store_at(bucket.at("some/where"))

    return in_folder if request.param == "folder" else of_objects


def text_of(store: Store, name: str) -> str | None:
    found = store.read(name)
    return found.data.decode() if found else None


def test_listing_reading_writing(make: Make, tmp_path: Path) -> None:
    store = make({"orders.csv": "o", "orders/b.csv": "bb", "orders/a.csv": "line 1\nline 2\n"})
    assert [file.name for file in store.files()] == ["orders/a.csv", "orders/b.csv", "orders.csv"]
    assert [file.size for file in store.files()] == [14, 2, 1]
    first, *_ = store.files("orders")
    assert first.name == "orders/a.csv"
    with store.open(first) as content:
        assert content.readline() == b"line 1\n"
        content.seek(-3, 2)
        assert content.read() == b" 2\n"
    with store.on_disk(first, tmp_path / "scratch") as path:
        assert (path.suffix, path.read_text()) == (".csv", "line 1\nline 2\n")
    assert not list(tmp_path.glob("scratch/*"))

    with store.writing("links/c.csv") as part:
        part.write_text("whole")
    assert text_of(store, "links/c.csv") == "whole"
    (tmp_path / "here").write_text("sent")
    store.send(tmp_path / "here", "links/c.csv")
    assert text_of(store, "links/c.csv") == "sent"
    assert store.read("links/none.csv") is None
    assert len(store.files()) == 4


def test_what_was_not_finished_is_not_there(make: Make) -> None:
    store = make({"a.csv": "before"})

    def die_half_way() -> None:
        with store.writing("a.csv") as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        die_half_way()
    assert text_of(store, "a.csv") == "before"
    assert [file.name for file in store.files()] == ["a.csv"]


def test_identity_changes_with_the_bytes_and_only_with_them(make: Make) -> None:
    store = make({"a.csv": "same length", "b.csv": "x"})

    def identities() -> list[str]:
        return [store.identity(file) for file in store.files()]

    before = identities()
    with store.writing("a.csv") as part:
        part.write_text("same length")
    assert identities() == before
    with store.writing("a.csv") as part:
        part.write_text("SAME LENGTH")
    assert identities()[0] != before[0]
    assert identities()[1] == before[1]


def test_a_small_file_changes_only_if_it_is_what_was_seen(make: Make) -> None:
    store = make({})
    assert store.read("current.json") is None
    assert store.replace("current.json", b"1", None)
    assert not store.replace("current.json", b"2", None)
    first = store.read("current.json")
    assert store.replace("current.json", b"3", first)
    assert not store.replace("current.json", b"4", first)
    assert text_of(store, "current.json") == "3"
    assert not store.replace("gone.json", b"5", first)
    assert store.read("gone.json") is None


def test_a_lost_answer_is_no_lost_race(bucket: Bucket) -> None:
    """The request is sent again by itself, and finds that what it wanted is so already."""
    store = store_at(bucket.at("p"))
    bucket.put("p/current.json", "mine")
    assert store.replace("current.json", b"mine", None)


def test_the_digest_of_an_object_is_the_one_it_was_sent_with(
    bucket: Bucket, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("a")
    store = store_at(bucket.at("p"))
    store.send(tmp_path / "a", "a", "d" * 64)
    bucket.put("p/foreign", "of another program")
    assert [store.digest(name) for name in ("a", "foreign", "none")] == ["d" * 64, None, None]


def test_an_object_that_changes_after_it_was_listed_is_not_read(
    bucket: Bucket, tmp_path: Path
) -> None:
    bucket.put("p/a.csv", "before")
    store = store_at(bucket.at("p"))
    (listed,) = store.files()
    bucket.put("p/a.csv", "after")
    with pytest.raises(KithError, match=r"p/a\.csv changed while it was being read"):
        store.on_disk(listed, tmp_path).__enter__()
    bucket.client.delete_object(Bucket=bucket.name, Key="p/a.csv")
    with pytest.raises(KithError, match=r"p/a\.csv is gone"):
        store.open(listed).__enter__()
    assert not list(tmp_path.iterdir())


def test_a_large_file_goes_and_comes_in_parts(bucket: Bucket, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"0123456789abcdef" * (BLOCK // 8) + b"and a little more")
    store = store_at(bucket.at("p"))
    store.send(large, "large", "d" * 64)
    (file,) = store.files()
    assert (file.size, str(file.etag)[-2:]) == (2 * BLOCK + 17, "-3")
    assert store.digest("large") == "d" * 64
    with store.on_disk(file, tmp_path / "scratch") as path:
        assert path.read_bytes() == large.read_bytes()


def test_a_full_disk_is_told(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("p/a.csv", "text")
    store = store_at(bucket.at("p"))
    (file,) = store.files()
    opened = Path.open

    def full(path: Path, mode: str = "r", **how: object) -> object:
        if mode == "wb":
            raise OSError(28, "No space left on device")
        return opened(path, mode, **how)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(
        KithError, match=r"a\.csv \(4 bytes\) cannot be copied to .*: No space left"
    ):
        store.on_disk(file, tmp_path / "scratch").__enter__()


def test_what_is_uploaded_in_parts_is_seen_when_it_is_whole(bucket: Bucket) -> None:
    begun = bucket.client.create_multipart_upload(Bucket=bucket.name, Key="p/a.csv")
    bucket.client.upload_part(
        Bucket=bucket.name, Key="p/a.csv", UploadId=begun["UploadId"], PartNumber=1, Body=b"half"
    )
    assert store_at(bucket.at("p")).files() == []


def test_more_objects_than_one_answer_holds(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        bucket.put(f"p/{number}.csv", "x")
    bucket.put("p/folder/", "")
    store = store_at(bucket.at("p"))
    asked = []
    call = store._s3.call_s3

    def two_at_a_time(method: str, **given: object) -> object:
        asked.append(method)
        return call(method, MaxKeys=2, **given)

    monkeypatch.setattr(store._s3, "call_s3", two_at_a_time)
    assert [file.name for file in store.files()] == [f"{number}.csv" for number in range(5)]
    assert asked == ["list_objects_v2"] * 3


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ("s3://brand", ObjectPrefix("brand")),
        ("s3://brand/a/b/", ObjectPrefix("brand", "a/b")),
        ("S3://brand//a", ObjectPrefix("brand", "a")),
        (ObjectPrefix("brand", "a"), ObjectPrefix("brand", "a")),
        ("/usr/../srv", Path("/srv")),
        (Path("s3"), Path.cwd() / "s3"),
    ],
)
def test_places(given: str | Place, place: Place) -> None:
    assert place_of(given) == place
    if isinstance(place, ObjectPrefix):
        assert str(place) == f"s3://{place.path}"
        assert str(place / "x") == f"s3://{place.path}/x"
        assert (place / "x").name == "x"


@pytest.mark.parametrize(
    "given", ["gs://brand/a", "s3:///a", f"s3://key:{SECRET}@brand/a", "file:///a", "s3://a b/c"]
)
def test_other_addresses_are_refused_without_being_repeated(given: str) -> None:
    with pytest.raises(KithError, match="s3://bucket/prefix") as stop:
        place_of(given)
    assert SECRET not in str(stop.value)


def stop_of(place: ObjectPrefix, tmp_path: Path) -> str:
    """What every kind of request to a store that does not work ends with."""
    (tmp_path / "a").write_text("a")
    requests: list[Callable[[Store], object]] = [
        lambda store: store.files(),
        lambda store: store.read("a"),
        lambda store: store.replace("a", b"", None),
        lambda store: store.send(tmp_path / "a", "a"),
        lambda store: store.on_disk(Stored("a", 1, "etag"), tmp_path).__enter__(),
    ]
    told = set()
    for request in requests:
        with pytest.raises(KithError) as stop:
            request(store_at(place))
        told.add(str(stop.value))
    assert not any(SECRET in text or "\n" in text for text in told)
    return " ".join(sorted(told))


def test_a_missing_bucket(bucket: Bucket, tmp_path: Path) -> None:
    told = stop_of(ObjectPrefix("no-such-bucket", "p"), tmp_path)
    assert "The bucket no-such-bucket of s3://no-such-bucket/p does not exist at the object" in told
    assert "AWS_ENDPOINT_URL" in told


def test_no_rights(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a store that refuses says it; this one has no rights to give."""
    from botocore.exceptions import ClientError

    store = store_at(bucket.at("p"))

    async def refuse(*_: object, **__: object) -> None:
        answer = {"Error": {"Code": "AccessDenied", "Message": f"the key {SECRET} may not"}}
        raise PermissionError(SECRET) from ClientError(answer, "GetObject")

    monkeypatch.setattr(store._s3, "_call_s3", refuse)
    with pytest.raises(KithError) as stop:
        store.read("a")
    told = str(stop.value)
    assert f"does not let Kith read s3://{bucket.name}/p/a (AccessDenied)" in told
    assert "docs/object_stores.md" in told
    assert SECRET not in told


def test_no_credentials(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    told = stop_of(bucket.at("p"), tmp_path)
    assert "No usable credentials" in told
    assert "AWS_PROFILE" in told


def test_a_wrong_endpoint(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://tester:{SECRET}@127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(KithError) as stop:
        store_at(bucket.at("p")).files()
    told = str(stop.value)
    assert "The object store at 127.0.0.1:9 cannot be reached" in told
    assert SECRET not in told


def test_work_on_folders_loads_nothing_of_object_stores(object_server: str) -> None:
    code = (
        "import sys, ml.cli, ml.data.check, ml.serve.publish, ml.serve.erase, ml.serve.status, ml.stores.folder\n"
        "print(sorted({'s3fs', 'fsspec', 'aiobotocore', 'botocore'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), **environment(object_server)},
    )
    assert done.stdout.strip() == "[]"
