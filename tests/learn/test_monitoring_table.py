"""The monitoring table: one row per published day, target and group, the latest word counts, and a page of it."""

from datetime import date
from pathlib import Path

import pandas as pd

from ml.data.targets import Target
from ml.home import Home
from ml.learn.monitoring import KEY, _is_judged, _keep, latest_lines, read_monitoring
from ml.run import Run
from ml.serve.versions import Version


def line(day: date, version: str, auc: float = 0.7, **other: object) -> dict[str, object]:
    return {
        "as_of_date": day,
        "target": "share",
        "horizon_days": 30,
        "group": "everyone",
        "version": version,
        "model_version": "abc",
        "quality_grade": "A",
        "known_at": date(2024, 6, 1),
        "rows": 1000,
        "base_rate": 0.10,
        "mean_probability": 0.12,
        "auc": auc,
        "ece": 0.05,
        "chance_limit": 0.03,
        "badly_calibrated": True,
        "rule_auc": 0.6,
        "rule_log_loss": 0.5,
        **other,
    }


def run_in(tmp_path: Path, told: list[str]) -> Run:
    return Run(Home(tmp_path), tmp_path, date(2024, 6, 1), [], told.append)


def test_rows_grow_and_a_day_published_anew_replaces_its_row(tmp_path: Path) -> None:
    run = run_in(tmp_path, [])
    assert read_monitoring(run.home).empty
    first, second = date(2024, 3, 1), date(2024, 3, 8)
    _keep(run, read_monitoring(run.home), pd.DataFrame([line(second, "v2"), line(first, "v1")]))
    _keep(run, read_monitoring(run.home), pd.DataFrame([line(first, "v1b", auc=0.8)]))
    table = read_monitoring(run.home)
    assert table["version"].tolist() == ["v1b", "v2"]
    assert table["auc"].tolist() == [0.8, 0.7]
    assert not table.duplicated(KEY).any()
    once = (run.home.monitoring / "monitoring.parquet").read_bytes()
    _keep(run, table, pd.DataFrame([line(first, "v1b", auc=0.8)]))
    assert (run.home.monitoring / "monitoring.parquet").read_bytes() == once


def test_a_judged_version_is_not_judged_again_and_another_of_its_day_is(tmp_path: Path) -> None:
    run = run_in(tmp_path, [])
    _keep(run, read_monitoring(run.home), pd.DataFrame([line(date(2024, 3, 1), "v1")]))
    known = read_monitoring(run.home)
    target = Target("share", 30, 365)

    def version(name: str) -> Version:
        return Version(name, date(2024, 3, 1), {})

    assert _is_judged(known, version("v1"), target)
    assert not _is_judged(known, version("v1b"), target)
    assert not _is_judged(known, version("v1"), Target("share", 7, 365))


def test_status_and_page_tell_of_the_latest_day(tmp_path: Path) -> None:
    told: list[str] = []
    run = run_in(tmp_path, told)
    days = [line(date(2024, 3, day), f"v{day}") for day in (1, 8)]
    _keep(
        run,
        read_monitoring(run.home),
        pd.DataFrame([*days, line(date(2024, 3, 8), "v8", group="shared before")]),
    )
    (said,) = run.home.latest_monitoring.read_text().splitlines()
    assert [said] == latest_lines(read_monitoring(run.home))
    assert said.startswith(
        "came true: share_30d of 2024-03-08, everyone: predicted 12.0%, happened 10.0% of 1,000"
    )
    assert "beyond chance" in said
    page = (run.home.monitoring / "index.html").read_text()
    assert page.count('<tr class="bad">') == 3
    assert "<svg" in page
    assert "http-equiv" not in page
    assert str(run.home.monitoring / "index.html") in told[-1]
