"""Every command of README and docs, typed as it stands there, one page after the other, in one folder.

The brand is small and a model needs few customers, so that it takes minutes; what is typed is not changed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.docs.pages import Block, all_blocks

pytestmark = pytest.mark.slow

# `make run` takes the size from here; the tools the threshold, and that other settings of the trees are not looked for.
SMALL = {
    "CUSTOMERS": "400",
    "MONTHS": "12",
    "KITH_MIN_CLASS_CUSTOMERS": "25",
    "KITH_SEARCH_TRIALS": "0",
}
PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the repository; what the commands write stays in it."""
    place = tmp_path_factory.mktemp("workplace")
    for path in REPOSITORY.iterdir():
        if path.name not in ("home", ".git"):
            (place / path.name).symlink_to(path)
    return place


@contextmanager
def typed(block: Block, workplace: Path) -> Iterator[subprocess.Popen[str]]:
    """A shell that is given the block; it and all it started are gone at the end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
    kept["PATH"] = os.pathsep.join([str(workplace / ".venv/bin"), kept["PATH"]])
    log = workplace / f"{block.page.replace('/', '-')}-{block.line}.log"
    with (
        log.open("w", encoding="utf-8") as sink,
        subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", block.text],
            cwd=workplace,
            env={**kept, **SMALL},
            stdout=sink,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as shell,
    ):
        try:
            yield shell
        finally:
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGTERM)
                try:
                    shell.wait(30)
                except subprocess.TimeoutExpired:
                    os.killpg(shell.pid, signal.SIGKILL)


def said(block: Block, workplace: Path) -> str:
    """The end of what a block printed."""
    log = workplace / f"{block.page.replace('/', '-')}-{block.line}.log"
    return log.read_text(encoding="utf-8")[-4000:]


@pytest.mark.parametrize(
    "block", [block for block in all_blocks() if (block.language, block.way) == ("sh", "")], ids=str
)
def test_a_command_works_as_it_stands(block: Block, workplace: Path) -> None:
    with typed(block, workplace) as shell:
        status = shell.wait(600)
    assert status == 0, said(block, workplace)


@pytest.mark.parametrize(
    "block", [block for block in all_blocks() if block.way == "server"], ids=str
)
def test_a_server_answers(block: Block, workplace: Path) -> None:
    with typed(block, workplace) as shell:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not answers(block.address):
            assert shell.poll() is None, said(block, workplace)
            assert time.monotonic() < deadline, said(block, workplace)
            time.sleep(1)


def answers(address: str) -> bool:
    """Tell whether the address gives a page."""
    try:
        with urllib.request.urlopen(address, timeout=5) as page:
            return bool(page.status == 200)
    except (urllib.error.URLError, OSError):
        return False
