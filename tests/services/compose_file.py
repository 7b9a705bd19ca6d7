"""docker-compose.yml as tests read it: parsed, its variables filled in, its words replaced by others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE_FILE = REPOSITORY / "docker-compose.yml"
ENV_EXAMPLE = REPOSITORY / ".env.example"

# $$ is a dollar; ${NAME}, ${NAME:-default} and ${NAME:?why it must be set} are filled in.
VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<text>[^}]*))?\})")


def parsed() -> dict[str, Any]:
    """The file as it stands, anchors resolved."""
    return dict(yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8")))


def mapped(tree: Any, change: Callable[[str], str]) -> Any:
    """The same tree with every string value changed; keys stay."""
    if isinstance(tree, Mapping):
        return {key: mapped(value, change) for key, value in tree.items()}
    if isinstance(tree, list):
        return [mapped(value, change) for value in tree]
    return change(tree) if isinstance(tree, str) else tree


def filled_in(tree: Any, environment: Mapping[str, str]) -> Any:
    """Fill in variables as `docker compose` does.

    Raises:
        LookupError: a variable that must be set is not.
    """

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        given = environment.get(found["name"], "")
        if not given and found["kind"] == "?":
            raise LookupError(f"{found['name']}: {found['text']}")
        return given or found["text"] or ""

    return mapped(tree, lambda text: VARIABLE.sub(value, text))


def moved(tree: Any, places: Mapping[str, str]) -> Any:
    """Replace the words of one place (addresses, folders) by those of another, longest first."""
    words = re.compile("|".join(re.escape(word) for word in sorted(places, key=len, reverse=True)))
    return mapped(tree, lambda text: words.sub(lambda found: places[found[0]], text))


def dotenv(text: str) -> dict[str, str]:
    """NAME=value lines; comments and empty lines aside."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)
