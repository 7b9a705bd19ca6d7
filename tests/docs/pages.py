"""The pages that people read, and the code blocks in them.

A block's first word is its language. A shell block is run by a test unless a second word says how:

- `sh`: typed as it stands, in the order of the pages; it must succeed;
- `sh server URL`: stays up; it must answer at the address, and is ended;
- `sh real-data`: run by tests/flow/test_real_data.py where the data are;
- `sh services`: needs containers; tests/flow/test_services.py starts the same processes without them;
- `python`: run by tests/experiments on a small home;
- `sh elsewhere`: cannot be run from inside the tests (ELSEWHERE says why).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import REPOSITORY

PAGES = [
    "README.md",
    "docs/demo_brand.md",
    "docs/data_scientist.md",
    "docs/features.md",
    "docs/experiments.md",
    "docs/marketer.md",
    "docs/reasons.md",
    "docs/data_engineer.md",
    "docs/scoring.md",
    "docs/identity.md",
    "docs/levels.md",
    "docs/referrals.md",
    "docs/portrait.md",
    "docs/erasure.md",
    "docs/exports.md",
    "docs/journey.md",
    "docs/trust.md",
    "docs/when_what_how_much.md",
    "docs/audiences.md",
    "docs/next_best_action.md",
    "docs/effects.md",
    "docs/what_to_offer.md",
    "docs/services.md",
    "docs/spark.md",
    "docs/object_stores.md",
    "docs/increments.md",
    "docs/performance.md",
    "docs/capacity.md",
    "docs/decisions.md",
    "CHANGELOG.md",
]
LANGUAGES = {"sh", "mermaid", "text", "toml", "csv", "json", "sql", "python"}
WAYS = {"", "server", "real-data", "services", "elsewhere"}
ELSEWHERE = {"make test": "these tests are part of it"}

_BLOCK = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A code block of a page, with the line it begins at."""

    page: str
    line: int
    language: str
    way: str
    address: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: str) -> list[Block]:
    """The code blocks of one page, in their order."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    found = []
    for block in _BLOCK.finditer(text):
        language, way, address = [*block["info"].split(), "", "", ""][:3]
        line = text.count("\n", 0, block.start()) + 1
        found.append(Block(page, line, language, way, address, block["text"]))
    return found


def all_blocks() -> list[Block]:
    """The code blocks of every page."""
    return [block for page in PAGES for block in blocks_of(page)]


def prose_of(page: Path) -> str:
    """The text of a page without its code blocks."""
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))
