"""The warehouse can be rebuilt: a file that cannot be read is moved aside, one that is in use is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.data.warehouse import connect, write_table
from ml.errors import KithError
from ml.home import Home
from tests.conftest import database_in_use


def filled(root: Path) -> Home:
    home = Home(root)
    with connect(home) as connection:
        write_table(
            connection, "staging.numbers", {"number": "bigint"}, [[number] for number in range(50)]
        )
    return home


def spoil(content: bytes, kind: str) -> bytes:
    match kind:
        case "cut short":
            return content[: len(content) // 3]
        case "overwritten":
            return content[:4096] + b"x" * 4096 + content[8192:]
    return b"not a database"


@pytest.mark.parametrize("kind", ["cut short", "overwritten", "something else"])
def test_a_broken_file_is_moved_aside(kind: str, tmp_path: Path) -> None:
    home = filled(tmp_path)
    broken = spoil(home.database.read_bytes(), kind)
    home.database.write_bytes(broken)
    with connect(home) as connection:
        assert connection.execute("select count(*) from information_schema.tables").fetchall() == [
            (0,)
        ]
    assert home.database.with_name("kith.duckdb.broken").read_bytes() == broken


def test_a_good_file_is_kept(tmp_path: Path) -> None:
    home = filled(tmp_path)
    with connect(home) as connection:
        assert connection.execute("select sum(number) from staging.numbers").fetchall() == [(1225,)]
    assert not list(home.warehouse.glob("*.broken"))


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_another_program_writes_is_told_and_left_alone(
    read_only: bool, tmp_path: Path
) -> None:
    home = filled(tmp_path)
    with (
        database_in_use(home.database) as writer,
        pytest.raises(
            KithError, match=rf"in use by another program: .*PID {writer.pid}.* wait until"
        ),
        connect(home, read_only=read_only),
    ):
        pass
    with connect(home, read_only=read_only) as connection:
        assert connection.execute("select sum(number) from staging.numbers").fetchall() == [(1225,)]
