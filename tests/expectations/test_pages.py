"""The pages of the borders: whole, linked, and readable without a network."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from border_worlds import good_world, judge, run_sql

from expectations.pages import BROKEN, HELD
from expectations.suites import borders, load_suite
from ml.home import Home


class Page(HTMLParser):
    """What a page points at, its elements, and its words."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.elements: set[str] = set()
        self.words = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.targets += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        if self.lasttag != "style":
            self.words += data


def pages_of(home: Home, border: str) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted((home.data_docs / border).rglob("*.html"))}


@pytest.mark.parametrize("border", borders())
def test_the_pages_of_a_border_are_whole_without_a_network(border: str, tmp_path: Path) -> None:
    home = good_world(border, tmp_path)
    verdict = judge(home, border)
    pages = pages_of(home, border)
    suite = load_suite(border)
    assert len(pages) == 1 + 2 * len(suite.batches)
    for path, page in pages.items():
        assert "script" not in page.elements
        # A name to click on is no harm; what is loaded when the page opens would be.
        assert not re.search(
            r"(?:src=|url\()[\"']?https?:|<link[^>]*https?:", path.read_text(encoding="utf-8")
        )
        for target in page.targets:
            there = path.parent / target.partition("#")[0]
            assert target.startswith("http") or there.exists(), f"{path}: {target}"
    front = pages[home.data_docs / border / "index.html"]
    assert f"Border {border}, {verdict.as_of_date}" in front.words
    assert (
        front.words.count(HELD) == verdict.rules == sum(len(batch.rules) for batch in suite.batches)
    )
    assert BROKEN not in front.words
    reached = {(home.data_docs / border / target).resolve() for target in front.targets}
    assert reached == {path.resolve() for path in pages if path.name != "index.html"}


def test_the_front_page_says_which_rule_is_broken(tmp_path: Path) -> None:
    home = good_world("landing", tmp_path)
    run_sql(
        home,
        "update staging.landing_summary set rows_staged = 4000, rows_quarantined = 1000 where rows_in = 5000",
    )
    verdict = judge(home, "landing")
    assert len(verdict.broken) == 2
    words = pages_of(home, "landing")[home.data_docs / "landing" / "index.html"].words
    told = [line for line in words.splitlines() if BROKEN in line]
    assert sorted(told) == sorted(f"{BROKEN}{broken.rule}" for broken in verdict.broken)
