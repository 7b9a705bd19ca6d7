"""Programs kept running between requests: asked, answering, ending, replaced."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml.companions import Companion, CompanionEndedError, companion, dismiss

# Repeats its request in words and in its answer; ends without one when it is told to.
ECHO = """
import json, os, sys
for request in sys.stdin:
    words = json.loads(request)
    print("heard", *words, flush=True)
    if words == ["end"]:
        sys.exit(3)
    print("\\x1e" + json.dumps({"words": words, "process": os.getpid()}), flush=True)
"""
COMMAND = [sys.executable, "-c", ECHO]


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[Companion]:
    yield companion("echo", COMMAND, os.environ, tmp_path)
    dismiss("echo")


def test_one_process_answers_every_request(echo: Companion, tmp_path: Path) -> None:
    heard: list[str] = []
    answers = [echo.ask([word, "a\nb"], heard.append) for word in ("one", "two")]
    assert [answer["words"] for answer in answers] == [["one", "a\nb"], ["two", "a\nb"]]
    assert heard == ["heard one a\n", "b\n", "heard two a\n", "b\n"]
    assert answers[0]["process"] == answers[1]["process"]
    assert companion("echo", COMMAND, os.environ, tmp_path) is echo


def test_an_end_before_the_answer_is_told_with_what_was_said(
    echo: Companion, tmp_path: Path
) -> None:
    with pytest.raises(CompanionEndedError, match="echo ended with status 3") as stop:
        echo.ask(["end"], lambda _: None)
    assert stop.value.said == "heard end\n"
    with pytest.raises(CompanionEndedError):
        echo.ask(["anybody?"], lambda _: None)
    another = companion("echo", COMMAND, os.environ, tmp_path)
    assert another.ask(["hello"], lambda _: None)["words"] == ["hello"]


def test_another_environment_needs_another_process(echo: Companion, tmp_path: Path) -> None:
    other = companion("echo", COMMAND, {**os.environ, "KITH_THREADS": "1"}, tmp_path)
    assert other is not echo
    assert other.is_alive
    assert not echo.is_alive


def test_it_ends_with_its_input(echo: Companion) -> None:
    process = echo.ask(["who"], lambda _: None)["process"]
    dismiss("echo")
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
