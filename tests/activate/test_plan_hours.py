"""Quiet hours: no minute of a window is quiet anywhere the person may live, and no longer window exists."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ml.activate.plan.hours import narrowed, window_of, zones_by_country, zones_of

ZONES = (
    *(
        "Europe/London",
        "America/New_York",
        "Pacific/Honolulu",
        "Asia/Kathmandu",
        "Pacific/Auckland",
    ),
    *("Pacific/Kiritimati", "America/St_Johns", "Asia/Tokyo", "UTC", "Australia/Lord_Howe"),
)
NIGHT = (time(21), time(8))
hours = st.sampled_from([time(h, m) for h in range(24) for m in (0, 30)])
days = st.dates(date(2024, 1, 1), date(2027, 12, 31))


def is_quiet(instant: datetime, zones: frozenset[str], begins: time, ends: time) -> bool:
    """Asked of the clock on the wall, minute by minute: nothing of how windows are found."""
    if begins == ends:
        return False
    walls = [instant.astimezone(ZoneInfo(zone)).time() for zone in zones]
    if begins < ends:
        return any(begins <= wall < ends for wall in walls)
    return any(wall >= begins or wall < ends for wall in walls)


@settings(max_examples=120, derandomize=True)
@given(
    days,
    st.sampled_from(ZONES),
    st.frozensets(st.sampled_from(ZONES), min_size=1, max_size=3),
    hours,
    hours,
)
def test_the_longest_stretch_without_a_quiet_minute(
    day: date, brand: str, zones: frozenset[str], begins: time, ends: time
) -> None:
    first = datetime.combine(day, time(0), ZoneInfo(brand)).astimezone(UTC)
    last = datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(brand)).astimezone(UTC)
    step = timedelta(minutes=15)
    runs, start, now = [], None, first
    while now < last:
        if is_quiet(now, zones, begins, ends):
            start = None
        else:
            start = start if start is not None else now
            runs.append((min(now + step, last) - start, start))
        now += step
    window = window_of(day, brand, zones, begins, ends)
    if window is None:
        assert runs == []
        return
    length = window.send_until - window.send_from
    assert first <= window.send_from < window.send_until <= last
    assert max(run for run, _ in runs) == length
    assert window.send_from == min(start for run, start in runs if run == length)


def test_a_country_of_many_zones_wakes_last_in_the_west_and_sleeps_first_in_the_east() -> None:
    window = window_of(date(2026, 7, 1), "America/New_York", zones_of("US", "UTC"), *NIGHT)
    assert window is not None
    # 08:00 in Honolulu (UTC-10), 21:00 in New York (UTC-4).
    assert window.send_from == datetime(2026, 7, 1, 18, tzinfo=UTC)
    assert window.send_until == datetime(2026, 7, 2, 1, tzinfo=UTC)


def test_zones_so_far_apart_that_somebody_always_sleeps() -> None:
    both = frozenset({"Pacific/Auckland", "Europe/London"})
    assert window_of(date(2026, 7, 1), "UTC", both, time(19), time(9)) is None


def test_countries_in_their_own_words_and_unknown_ones() -> None:
    assert zones_of("United Kingdom", "Asia/Tokyo") == zones_of("GB", "UTC") == {"Europe/London"}
    assert zones_of(None, "Asia/Tokyo") == zones_of("Atlantis", "Asia/Tokyo") == {"Asia/Tokyo"}
    assert len(zones_by_country()) > 200
    assert len(zones_of("US", "UTC")) > 20
    for zones in zones_by_country().values():
        assert all(ZoneInfo(zone) for zone in zones)


def test_a_phone_number_tells_where_in_a_large_country() -> None:
    states = zones_of("US", "UTC")
    assert narrowed(states, True, "+12125550101") == {"America/New_York"}
    assert narrowed(states, True, "+442079460000") == states
    assert narrowed(frozenset({"UTC"}), False, "+12125550101") == {"America/New_York"}
    assert narrowed(states, True, None) == narrowed(states, True, "nothing") == states
