"""Which day a run speaks for: the one rule that turns what Airflow knows of a run into as_of_date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, Protocol

from ml.errors import KithError


class AssetEvent(Protocol):
    """What Airflow keeps of a published version or a promoted model."""

    @property
    def timestamp(self) -> datetime: ...
    @property
    def extra(self) -> Mapping[str, Any]: ...


def as_of_date(
    zone: tzinfo,
    logical_date: datetime | None,
    run_type: str,
    asked_for: str | None = None,
    events: Iterable[AssetEvent] = (),
) -> date:
    """Give the day a run speaks for, by the first of these that applies.

    1. The parameter `as_of_date` of the run: it was asked for by name.
    2. A manual run whose logical date is exactly 00:00 UTC: a date alone, as `airflow dags test DAG 2011-09-01`
       writes it, and so that date. Converting it would give the day before in every zone west of UTC.
    3. A logical date: the day it falls on in the brand's zone. A schedule of 02:00 in Ho Chi Minh City has
       the logical date 19:00 UTC of the day before, and means the day that began two hours ago there.
    4. The asset event that triggered the run, which carries the date of the published version.

    Args:
        zone: the brand's time zone.
        logical_date: the run's logical date, with an offset; None for runs triggered by an asset.
        run_type: Airflow's name for how the run came about (`manual`, `scheduled`, `backfill`, ...).
        asked_for: the parameter `as_of_date`, a day written YYYY-MM-DD, or None.
        events: the asset events that triggered the run.

    Raises:
        KithError: nothing says which day is meant, or the parameter is not a day.
    """
    if asked_for:
        return _day(asked_for, "the parameter as_of_date of this run")
    if logical_date is not None:
        utc = logical_date.astimezone(UTC)
        if run_type == "manual" and utc.time() == time(0):
            return utc.date()
        return logical_date.astimezone(zone).date()
    return _day(
        str(newest_extra(events).get("as_of_date")), "the asset event that triggered this run"
    )


def newest_extra(events: Iterable[AssetEvent]) -> Mapping[str, Any]:
    """What the last of the triggering events says, such as version and as_of_date.

    Raises:
        KithError: there is no event.
    """
    ordered = sorted(events, key=lambda event: event.timestamp)
    if not ordered:
        raise KithError(
            "A run speaks for one day, and nothing says which: this run has no logical date and no asset event "
            'triggered it. Start it with the parameter as_of_date, such as --conf \'{"as_of_date": "2026-07-01"}\'.'
        )
    return ordered[-1].extra


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise KithError(
            f"as_of_date is a day written YYYY-MM-DD; found '{text}' in {where}."
        ) from error
