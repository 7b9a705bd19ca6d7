"""The targets file: what it may say, and what people are told when it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.data.targets import Target, known_targets, read_targets
from ml.errors import KithError

HEADER = "target,horizon_days,population_days\n"


def targets_of(tmp_path: Path, text: str | bytes) -> list[Target]:
    path = tmp_path / "targets.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_targets(path)


def test_the_default_is_the_seed() -> None:
    assert [
        (target.name, target.horizon_days, target.population_days) for target in read_targets()
    ] == [
        ("churn", 90, 90),
        ("next_purchase", 30, 365),
        ("share", 30, 365),
    ]
    assert known_targets() == ["churn", "next_purchase", "share"]


def test_several_horizons_in_any_order_with_further_columns(tmp_path: Path) -> None:
    found = targets_of(
        tmp_path,
        "\ufeffpopulation_days, target ,note,horizon_days\r\n"
        "365,share,x, 30 \r\n365,churn,,90\r\n90,churn,y,30,surplus\r\n",
    )
    assert found == [Target("churn", 30, 90), Target("churn", 90, 365), Target("share", 30, 365)]
    assert [target.key for target in found] == ["churn_30d", "churn_90d", "share_30d"]


def test_a_target_that_is_not_listed_is_not_predicted(tmp_path: Path) -> None:
    assert targets_of(tmp_path, HEADER + "share,3,365\n") == [Target("share", 3, 365)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "target,horizon\nchurn,90\n",
            ["lacks the column horizon_days, population_days", "it needs target,horizon"],
        ),
        ("", ["lacks the column target, horizon_days, population_days"]),
        (
            HEADER + "share,3,365\nwinning,30,365\n",
            ["row 2", "'winning' is not a known target", "Known: churn, next"],
        ),
        (HEADER + ",30,365\n", ["row 1", "'' is not a known target"]),
        (
            HEADER + "churn,ninety,365\n",
            ["row 1: horizon_days must be a whole number of days from 1", "'ninety'"],
        ),
        (HEADER + "churn,0,365\n", ["horizon_days must be", "found '0'"]),
        (HEADER + "churn,-3,365\n", ["horizon_days must be", "found '-3'"]),
        (HEADER + "churn,7.5,365\n", ["horizon_days must be", "found '7.5'"]),
        (HEADER + "churn,²,365\n", ["horizon_days must be", "found '²'"]),
        (
            HEADER + "churn,30,99999999999\n",
            ["population_days must be", "to 36,500", "found '99999999999'"],
        ),
        (HEADER + "churn,30\n", ["population_days must be", "found ''"]),
        (
            HEADER + "churn,30,90\nshare,3,9\nchurn,30,365\n",
            ["lists churn with horizon 30 more than once"],
        ),
        ("target,horizon_days,population_days,café\n".encode("latin-1"), ["cannot be read"]),
    ],
)
def test_a_wrong_file_is_told_with_row_and_value(
    text: str | bytes, told: list[str], tmp_path: Path
) -> None:
    with pytest.raises(KithError) as stop:
        targets_of(tmp_path, text)
    message = str(stop.value)
    assert f"The targets file {tmp_path}/targets.csv" in message
    assert [words for words in told if words not in message] == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(KithError, match=r"The targets file .*nowhere\.csv cannot be read"):
        read_targets(tmp_path / "nowhere.csv")
