"""The sorts of values that settings have, beyond those of Python: what each accepts, and in which words it refuses."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from ml.stores.place import object_prefix


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"'{name}' is no time zone of the IANA list (such as Asia/Tokyo)"
        ) from error
    return name


def _known_day(day: str) -> str:
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError as error:
        raise ValueError(f"'{day}' is no day of the calendar written YYYY-MM-DD") from error


def _known_store(url: str) -> str:
    return str(object_prefix(url))


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Day = Annotated[str, AfterValidator(_known_day)]
ObjectStore = Annotated[str, AfterValidator(_known_store)]
Share = Annotated[float, Field(ge=0, le=1)]
