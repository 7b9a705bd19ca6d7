"""When somebody may be written to on a day: the hours that are quiet in none of the time zones they may live in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from ml.data.phones import country_code, time_zones

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """From when to when (exclusive) a message may go out, in UTC."""

    send_from: datetime
    send_until: datetime


@cache
def zones_by_country() -> dict[str, frozenset[str]]:
    """The time zones of each country (two letters, ISO 3166), as tzdata's zone1970.tab lists them."""
    listed = resources.files("tzdata").joinpath("zoneinfo/zone1970.tab").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for line in listed.splitlines():
        if line and not line.startswith("#"):
            countries, _, zone = line.split("\t")[:3]
            for country in countries.split(","):
                found.setdefault(country, set()).add(zone)
    return {country: frozenset(zones) for country, zones in found.items()}


@cache
def window_of(
    day: date, brand_zone: str, zones: frozenset[str], quiet_from: time, quiet_until: time
) -> Window | None:
    """The longest stretch of the brand's day without a quiet hour in any of the zones; None where there is none.

    Quiet hours that end before they begin run over midnight; equal ends mean none. Of equal stretches the first.
    """
    start, end = _at(day, time(0), brand_zone), _at(day + DAY, time(0), brand_zone)
    quiet = sorted(
        period for zone in sorted(zones) for period in _quiet(day, zone, quiet_from, quiet_until)
    )
    best, free_from = None, start
    for begins, ends in [*quiet, (end, end)]:
        until = min(begins, end)
        if until > free_from and (best is None or until - free_from > best[1] - best[0]):
            best = (free_from, until)
        free_from = max(free_from, ends)
    return Window(*best) if best else None


def _quiet(
    day: date, zone: str, quiet_from: time, quiet_until: time
) -> Iterable[tuple[datetime, datetime]]:
    """Quiet periods of the local days that may touch the brand's day: zones lie up to a day and a half apart."""
    if quiet_from == quiet_until:
        return
    for shift in range(-2, 3):
        local = day + shift * DAY
        ends = local if quiet_from < quiet_until else local + DAY
        yield _at(local, quiet_from, zone), _at(ends, quiet_until, zone)


def _at(day: date, hour: time, zone: str) -> datetime:
    return datetime.combine(day, hour, ZoneInfo(zone)).astimezone(UTC)


def zones_of(country: str | None, brand_zone: str) -> frozenset[str]:
    """Time zones in which somebody of a country lives; the brand's own where the country is not known."""
    code = country_code(country) if country else None
    return zones_by_country().get(code or "", frozenset({brand_zone}))


def narrowed(zones: frozenset[str], is_country_known: bool, phone: str | None) -> frozenset[str]:
    """The zones that a phone number leaves of a country's; all of the number's where the country is not known."""
    told = time_zones(phone) if phone else frozenset[str]()
    return ((told & zones) if is_country_known else told) or zones
