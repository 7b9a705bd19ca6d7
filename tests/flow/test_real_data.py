"""The main job on real data, held against what really happened afterwards.

By hand means, for the first case, the commands of the README as they stand there. The bounds are the best
single simple rule on the same people (README of the data); Kith must beat it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import kith_here
from tests.docs.pages import blocks_of

pytestmark = pytest.mark.slow
KITH = Path(sys.executable).parent / "kith"

# Data set, target, horizon, population, day, day of judgement, and per group: people, AUC of the best simple rule.
CASES = {
    "churn": (
        ("online-retail", "online_retail", "churn,90,90", "2011-09-01", "2011-12-10"),
        {"everyone": (1_923, 0.744)},
    ),
    "next_purchase": (
        ("online-retail", "online_retail", "next_purchase,30,365", "2011-11-01", "2011-12-10"),
        {"everyone": (3_974, 0.724)},
    ),
    "share": (
        ("taobao-shares", "taobao_shares", "share,3,365", "2022-10-25", "2022-10-30"),
        {"everyone": (16_149, 0.848), "shared before": (6_856, 0.656)},
    ),
}
FIGURES = re.compile(
    r"(?P<group>everyone|shared before), (?P<contender>.+): n (?P<n>[\d,]+), base rate [\d.]+, "
    r"AUC (?P<auc>[\d.]+), log-loss (?P<log_loss>[\d.]+), ECE (?P<ece>[\d.]+)"
)


def started(command: list[object], **environment: object) -> str:
    """Run a command as a user would; gives what it printed."""
    finished = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-4000:] + finished.stderr[-4000:]
    return finished.stdout


def by_hand(
    name: str,
    shared_data: Path,
    place: Path,
    patch: pytest.MonkeyPatch,
    screen: pytest.CaptureFixture[str],
) -> str:
    """Import, run, and hold against what happened: what was said of it."""
    (data_set, folder, target, day, later), _ = CASES[name]
    landing, home, targets = place / "landing", place / "home", place / "targets.csv"
    targets.write_text(f"target,horizon_days,population_days\n{target}\n", encoding="utf-8")
    options: list[object] = ["--landing", landing, "--home", home, "--targets", targets]

    def kith(*words: object) -> str:
        finished = kith_here(words, patch, screen)
        assert finished.status == 0, finished.out[-4000:] + finished.err[-4000:]
        return finished.out

    kith("import", data_set, shared_data / folder, "--landing", landing)
    assert "published: " in kith("run", *options, "--as-of-date", day)
    kith("build", *options, "--as-of-date", later)
    return kith("evaluate", *options, "--as-of-date", later, "--of", day)


def by_the_readme(shared_data: Path, place: Path) -> str:
    """The same, with the commands of the README typed as they stand there."""
    (block,) = (block for block in blocks_of("README.md") if block.way == "real-data")
    path = os.pathsep.join([str(KITH.parent), os.environ["PATH"]])
    return started(
        ["bash", "-euo", "pipefail", "-c", f"cd '{place}'\n{block.text}"],
        DATA=shared_data,
        PATH=path,
    )


@pytest.mark.parametrize("name", CASES)
def test_the_main_job_beats_the_best_simple_rule_on_what_happened(
    name: str,
    shared_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    _, expected = CASES[name]
    judged = (
        by_the_readme(shared_data, tmp_path)
        if name == "churn"
        else by_hand(name, shared_data, tmp_path, monkeypatch, capfd)
    )
    told = [found.groupdict() for found in FIGURES.finditer(judged)]
    assert {line["group"] for line in told} == set(expected)
    for group, (people, bound) in expected.items():
        served, rule = (line for line in told if line["group"] == group)
        assert served["contender"].startswith("Kith")
        assert rule["contender"].startswith("rule:")
        assert int(served["n"].replace(",", "")) == people
        assert float(served["auc"]) > bound
        assert float(served["log_loss"]) < float(rule["log_loss"])
