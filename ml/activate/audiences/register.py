"""The register of keys: a key that was used once is never given to another audience.

Exports, holdouts and readings of lift are kept under the key. A key that comes back would mix two lists in all of them.
The register holds no person, so that forgetting one leaves it as it is.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from ml.activate.audiences.declarations import Audience, declared_audiences
from ml.errors import KithError
from ml.home import Home


@dataclass(frozen=True)
class KeyUse:
    """One key: what it stood for, the first and last day it was published for, and since when it is no more used."""

    title: str
    meaning: str
    first_day: str
    last_day: str
    retired_on: str | None = None


def read_register(path: Path) -> dict[str, KeyUse]:
    """The keys that were used in a home; none where nothing was published yet.

    Raises:
        KithError: the file is damaged.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {key: KeyUse(**entry) for key, entry in entries.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise KithError(
            f"The register of audience keys {path} is damaged. Put back its copy; without one, remove the file: the "
            "next version that is published writes it anew, and forgets which keys were used before."
        ) from error


def check_keys(home: Home, day: date) -> None:
    """Refuse a day whose declarations use a key again that was retired before it.

    Raises:
        KithError: a key came back.
    """
    register = read_register(home.audience_keys)
    used = _used(day)
    for key in sorted(used):
        entry = register.get(key)
        if entry and entry.retired_on and date.fromisoformat(entry.retired_on) < day:
            raise KithError(
                f"The audience key '{key}' was used from {entry.first_day} to {entry.last_day} for '{entry.title}' and "
                f"retired on {entry.retired_on}; a key is never used again, because exports, holdouts and lift are "
                f"kept under it and two lists would be mixed. Name the file dbt_project/seeds/audiences/{key}.yml "
                "otherwise. If the audience was taken away by mistake and means the same as before, set its "
                f"retired_on in {home.audience_keys} to null."
            )


def record_keys(home: Home, day: date) -> None:
    """Write down which keys a published day used. A day before the latest one recorded changes nothing."""
    path = home.audience_keys
    register = read_register(path)
    if any(day < date.fromisoformat(_latest(entry)) for entry in register.values()):
        return
    now = day.isoformat()
    used = _used(day)
    for key, audience in used.items():
        first = register[key].first_day if key in register else now
        register[key] = KeyUse(audience.title, audience.meaning, first, now)
    for key in sorted(set(register) - set(used)):
        if register[key].retired_on is None:
            register[key] = replace(register[key], retired_on=now)
    _write(path, register)


def _used(day: date) -> dict[str, Audience]:
    return {key: one for key, one in declared_audiences().items() if one.is_used(day)}


def _latest(entry: KeyUse) -> str:
    return max(entry.last_day, entry.retired_on or entry.last_day)


def _write(path: Path, register: dict[str, KeyUse]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = {key: asdict(register[key]) for key in sorted(register)}
    part = path.with_suffix(".part")
    part.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, path)
