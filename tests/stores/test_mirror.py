"""The mirror on an object store: readers see the old version or the new one, whole, and one publisher wins."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from ml.cli import cli
from ml.data.erasures import Erasures
from ml.errors import KithError
from ml.home import Home
from ml.run import Run
from ml.serve import mirror
from ml.serve.forget_mirror import forget_in_mirror
from ml.serve.forget_versions import forget_in_versions
from ml.serve.mirror import Mirror
from ml.serve.publish import publish_version
from ml.serve.version_files import sha256_of
from ml.serve.versions import Versions
from ml.stores.objects import ObjectStore
from tests.object_store import Bucket
from tests.serve.test_erase import add_version, records_and_ids_of_anna
from tests.serve.test_publish import DAY, NAME, audited, current, folder_of

LATER, OTHER = date(2024, 6, 2), "f" * 32
LATER_NAME = f"2024-06-02-{'f' * 12}"
POINTER = "shown/current.json"


@pytest.fixture(autouse=True)
def published_to(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every home of these tests mirrors to one place."""
    monkeypatch.setenv("KITH_PUBLISHED_TO", f"s3://{bucket.name}/shown")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the objects that are written, as that happens."""
    names: list[str] = []
    send, replace = ObjectStore.send, ObjectStore.replace

    def noted_send(store: ObjectStore, path: Path, name: str, digest: str | None = None) -> None:
        names.append(name)
        send(store, path, name, digest)

    def noted_replace(store: ObjectStore, name: str, *given: object) -> bool:
        names.append(name)
        return replace(store, name, *given)

    monkeypatch.setattr(ObjectStore, "send", noted_send)
    monkeypatch.setattr(ObjectStore, "replace", noted_replace)
    return names


def shown(bucket: Bucket) -> str | None:
    """The version that readers see."""
    if not bucket.keys(POINTER):
        return None
    name: str = json.loads(bucket.get(POINTER))["version"]
    return name


def check_whole(bucket: Bucket, folder: Path) -> None:
    """Every file that the manifest there names is there, with the bytes it says, and as in the home folder."""
    at = f"shown/versions/{folder.name}"
    assert {key.rpartition("/")[2] for key in bucket.keys(f"{at}/")} == {
        path.name for path in folder.iterdir()
    }
    for path in folder.iterdir():
        assert bucket.get(f"{at}/{path.name}") == path.read_bytes()
    for file in json.loads(bucket.get(f"{at}/manifest.json"))["files"]:
        assert file["sha256"] == sha256_of(folder / file["name"])


def test_a_version_is_sent_before_its_manifest_and_the_pointer_is_last(
    bucket: Bucket, tmp_path: Path, sent: list[str]
) -> None:
    run = audited(tmp_path)
    publish_version(run)
    check_whole(bucket, folder_of(run))
    assert bucket.get(POINTER) == (run.home.published / "current.json").read_bytes()
    assert sent[-2:] == [f"versions/{NAME}/manifest.json", "current.json"]
    assert len(sent) == len(list(folder_of(run).iterdir())) + 1
    sent.clear()
    publish_version(run)
    assert sent == []


@pytest.mark.parametrize("dies_at", ["/customers.parquet", "/manifest.json", "current.json"])
def test_a_publish_that_dies_leaves_readers_where_they_were_and_is_taken_up_again(
    dies_at: str,
    bucket: Bucket,
    tmp_path: Path,
    sent: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish_version(audited(tmp_path))
    run = audited(tmp_path, LATER, OTHER, "xyz")
    written = {"send": (ObjectStore.send, 2), "replace": (ObjectStore.replace, 1)}

    def dying(method: str) -> Callable[..., object]:
        whole, place_of_name = written[method]

        def write(*given: object) -> object:
            if str(given[place_of_name]).endswith(dies_at):
                raise SystemExit
            return whole(*given)

        return write

    sent.clear()
    with monkeypatch.context() as once:
        for method in written:
            once.setattr(ObjectStore, method, dying(method))
        with pytest.raises(SystemExit):
            publish_version(run)
    before = set(sent)
    assert before
    assert shown(bucket) == current(run)["version"] == NAME
    sent.clear()
    publish_version(run)
    assert not before & set(sent)
    assert sent[-1] == "current.json"
    assert shown(bucket) == current(run)["version"] == LATER_NAME
    check_whole(bucket, folder_of(run, LATER_NAME))


@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_publishers_one_wins_and_the_other_is_told(
    is_first: bool, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked at the same pointer; the second home publishes while the first sends its files."""
    if not is_first:
        publish_version(audited(tmp_path / "before", date(2024, 5, 31), "e" * 32))
    slow, quick = (
        audited(tmp_path / "slow"),
        audited(tmp_path / "quick", run_id=OTHER, letters="xy"),
    )
    bring = Mirror.bring

    def while_the_other_publishes(own: Mirror, folder: Path) -> int:
        monkeypatch.setattr(Mirror, "bring", bring)
        publish_version(quick)
        return bring(own, folder)

    monkeypatch.setattr(Mirror, "bring", while_the_other_publishes)
    winner = f"2024-06-01-{'f' * 12}"
    with pytest.raises(KithError, match=f"Somebody else published at .* names {winner}") as stop:
        publish_version(slow)
    assert "\n" not in str(stop.value)
    assert shown(bucket) == winner
    check_whole(bucket, folder_of(quick, winner))
    assert not (slow.home.published / "current.json").exists()
    # Afterwards it knows what readers see, and may let them see its own version of that day.
    publish_version(slow)
    assert shown(bucket) == current(slow)["version"] == NAME
    check_whole(bucket, folder_of(slow))


def test_readers_never_get_an_older_day(bucket: Bucket, tmp_path: Path) -> None:
    publish_version(audited(tmp_path / "a", LATER, OTHER))
    older, said = audited(tmp_path / "b"), []
    publish_version(Run(older.home, older.landing, DAY, [], said.append))
    assert shown(bucket) == LATER_NAME
    assert any("which is of a later day" in line for line in said)
    check_whole(bucket, folder_of(older))


def test_other_content_under_the_same_name_stops_and_stays(bucket: Bucket, tmp_path: Path) -> None:
    run = audited(tmp_path)
    publish_version(run)
    other = audited(tmp_path / "other", letters="edc")
    with pytest.raises(KithError, match=r"holds other content than .*customers\.parquet"):
        publish_version(other)
    check_whole(bucket, folder_of(run))
    assert not (other.home.published / "current.json").exists()
    bucket.put(f"shown/versions/{NAME}/manifest.json", b"{damaged")
    with pytest.raises(
        KithError, match="delete the version there only if it is known to be damaged"
    ):
        publish_version(run)
    bucket.put(POINTER, b"{damaged")
    with pytest.raises(KithError, match=r"current\.json is damaged"):
        publish_version(run)


def test_objects_that_were_lost_or_touched_are_sent_again(
    bucket: Bucket, tmp_path: Path, sent: list[str]
) -> None:
    run = audited(tmp_path)
    publish_version(run)
    at = f"shown/versions/{NAME}"
    bucket.put(f"{at}/customers.parquet", b"touched")
    bucket.client.delete_object(Bucket=bucket.name, Key=f"{at}/super_users.parquet")
    sent.clear()
    publish_version(run)
    assert [name.rpartition("/")[2] for name in sent] == [
        "customers.parquet",
        "super_users.parquet",
    ]
    check_whole(bucket, folder_of(run))


def test_rolling_back_moves_both_pointers_and_brings_what_is_missing(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.delenv("KITH_PUBLISHED_TO")
        publish_version(audited(tmp_path))
    run = audited(tmp_path, LATER, OTHER)
    publish_version(run)
    assert bucket.keys(f"shown/versions/{NAME}/") == []
    done = CliRunner().invoke(cli, ["rollback", "--home", str(tmp_path)])
    assert done.exit_code == 0
    assert f"current version: {NAME}" in done.output
    assert shown(bucket) == current(run)["version"] == NAME
    check_whole(bucket, folder_of(run))


def test_rolling_back_where_the_store_is_away_changes_nothing(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_version(audited(tmp_path))
    run = audited(tmp_path, LATER, OTHER)
    publish_version(run)
    monkeypatch.setenv("KITH_PUBLISHED_TO", "s3://no-such-bucket/shown")
    done = CliRunner().invoke(cli, ["rollback", "--home", str(tmp_path)])
    assert isinstance(done.exception, KithError)
    assert current(run)["version"] == LATER_NAME


def test_status_says_what_readers_of_the_mirror_see(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)

    def line() -> str:
        version = Versions(home).current()
        assert version is not None
        (found,) = mirror.describe_mirror(Home(tmp_path), version)
        return found

    publish_version(audited(tmp_path))
    assert line() == f"mirror: s3://{bucket.name}/shown shows the same version"
    bucket.put(POINTER, json.dumps({"version": "another", "as_of_date": "2024-06-09"}))
    assert f"shows another, not {NAME}" in line()
    bucket.client.delete_object(Bucket=bucket.name, Key=POINTER)
    assert f"shows nothing, not {NAME}" in line()
    monkeypatch.setenv("KITH_PUBLISHED_TO", "s3://no-such-bucket/shown")
    assert "The bucket no-such-bucket" in line()
    monkeypatch.delenv("KITH_PUBLISHED_TO")
    version = Versions(home).current()
    assert version is not None
    assert mirror.describe_mirror(Home(tmp_path), version) == []


@pytest.fixture
def anna() -> Erasures:
    """Of the made-up version: a person who was taken for one with somebody else."""
    return records_and_ids_of_anna()


def test_an_erased_person_leaves_every_version_on_the_mirror(
    bucket: Bucket, tmp_path: Path, anna: Erasures
) -> None:
    home = Home(tmp_path / "home")
    own = add_version(home, "2024-06-01-aaa")
    another = add_version(Home(tmp_path / "other"), "2024-05-01-bbb")
    for folder in (own, another):
        bucket.fill(f"shown/versions/{folder.name}", folder)
    bucket.put("shown/versions/2024-07-01-ccc/customers.parquet", b"of an upload that died")
    forget_in_versions(home, anna)
    said: list[str] = []
    (unreached,) = forget_in_mirror(home, anna, said.append)
    assert "versions/2024-07-01-ccc: An upload that never ended" in unreached
    assert [line.split(",")[0] for line in said] == [
        f"rewritten: s3://{bucket.name}/shown/versions/{name}"
        for name in ("2024-05-01-bbb", "2024-06-01-aaa")
    ]
    forget_in_versions(Home(tmp_path / "other"), anna)
    for folder in (own, another):
        check_whole(bucket, folder)
        names = pq.read_table(folder / "customers.parquet")["name"].to_pylist()
        assert names == ["Bob", "Cid"]
    said.clear()
    forget_in_mirror(home, anna, said.append)
    assert [line for line in said if own.name in line] == []
    assert not home.warehouse.exists() or not list(home.warehouse.rglob("*.parquet"))


def test_what_cannot_be_reached_on_the_mirror_is_told(
    bucket: Bucket, tmp_path: Path, anna: Erasures, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    folder = add_version(home)
    bucket.fill(f"shown/versions/{folder.name}", folder)
    shutil.rmtree(folder)
    bucket.put(f"shown/versions/{folder.name}/manifest.json", b"{damaged")
    (unreached,) = forget_in_mirror(home, anna, print)
    assert f"versions/{folder.name}: " in unreached
    assert "is damaged" in unreached
    monkeypatch.setenv("KITH_PUBLISHED_TO", "s3://no-such-bucket/shown")
    (unreached,) = forget_in_mirror(Home(tmp_path), anna, print)
    assert "The bucket no-such-bucket" in unreached


def test_a_wrong_address_is_told_without_being_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITH_PUBLISHED_TO", "s3://key:geheim-4711@brand/shown")
    with pytest.raises(KithError, match="published_to") as stop:
        _ = Home(tmp_path).settings
    assert "geheim-4711" not in str(stop.value)
