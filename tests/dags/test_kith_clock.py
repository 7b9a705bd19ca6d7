"""The rule that turns what Airflow knows of a run into as_of_date."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_home import DAGS

from ml.errors import KithError

sys.path.insert(0, str(DAGS))
from kith_clock import as_of_date, newest_extra

ZONES = [
    "UTC",
    "Asia/Ho_Chi_Minh",
    "America/New_York",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Africa/Cairo",
]
days = st.dates(date(2009, 1, 1), date(2030, 12, 31))
zones = st.sampled_from(ZONES).map(ZoneInfo)


@dataclass(frozen=True)
class Event:
    timestamp: datetime
    extra: dict[str, Any]


def test_a_schedule_of_two_in_ho_chi_minh_city_means_that_day_and_not_the_day_before() -> None:
    logical_date = datetime(2026, 6, 30, 19, tzinfo=UTC)  # 02:00 on July 1 there
    assert as_of_date(ZoneInfo("Asia/Ho_Chi_Minh"), logical_date, "scheduled") == date(2026, 7, 1)


@given(day=days, zone=zones, hour=st.sampled_from([1, 2]))
def test_a_scheduled_or_backfilled_run_speaks_for_the_day_on_the_brands_wall(
    day: date, zone: ZoneInfo, hour: int
) -> None:
    local = datetime(day.year, day.month, day.day, hour, tzinfo=zone)
    for run_type in ("scheduled", "backfill"):
        assert as_of_date(zone, local.astimezone(UTC), run_type) == day


@given(day=days, zone=zones)
def test_a_date_alone_is_that_date_in_every_zone(day: date, zone: ZoneInfo) -> None:
    at_utc = datetime(day.year, day.month, day.day, tzinfo=UTC)
    at_home = datetime(day.year, day.month, day.day, tzinfo=zone)
    assert as_of_date(zone, at_utc, "manual") == day
    if at_home.astimezone(UTC).astimezone(zone) == at_home:  # midnight exists on that day
        assert as_of_date(zone, at_home.astimezone(UTC), "manual") == day


def test_utc_midnight_is_a_date_alone_in_manual_runs_only() -> None:
    new_york, midnight = ZoneInfo("America/New_York"), datetime(2011, 9, 1, tzinfo=UTC)
    assert as_of_date(new_york, midnight, "manual") == date(2011, 9, 1)
    assert as_of_date(new_york, midnight, "scheduled") == date(2011, 8, 31)
    assert as_of_date(new_york, midnight + timedelta(seconds=1), "manual") == date(2011, 8, 31)


def test_the_day_that_was_asked_for_wins() -> None:
    asked = as_of_date(
        ZoneInfo("UTC"), datetime(2011, 9, 1, 2, tzinfo=UTC), "scheduled", "2012-01-05"
    )
    assert asked == date(2012, 1, 5)
    with pytest.raises(KithError, match=r"YYYY-MM-DD; found '05/01/2012' in the parameter"):
        as_of_date(ZoneInfo("UTC"), None, "manual", "05/01/2012")


def test_an_asset_triggered_run_takes_day_and_version_from_the_newest_event() -> None:
    older = Event(
        datetime(2026, 7, 1, 3, tzinfo=UTC), {"as_of_date": "2026-07-01", "version": "2026-07-01-a"}
    )
    newer = Event(
        datetime(2026, 7, 2, 3, tzinfo=UTC), {"as_of_date": "2026-07-02", "version": "2026-07-02-b"}
    )
    for events in ([older, newer], [newer, older]):
        assert as_of_date(ZoneInfo("Asia/Tokyo"), None, "asset_triggered", events=events) == date(
            2026, 7, 2
        )
        assert newest_extra(events)["version"] == "2026-07-02-b"


def test_a_run_that_nothing_dates_says_how_to_date_it() -> None:
    with pytest.raises(KithError, match=r"no logical date and no asset event.*--conf"):
        as_of_date(ZoneInfo("UTC"), None, "manual")
