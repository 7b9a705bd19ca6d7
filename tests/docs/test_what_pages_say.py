"""What the pages say is there: languages of code blocks, links, commands named in the text, columns of tables."""

from __future__ import annotations

import re

import pytest

from ml.cli import cli
from ml.data.contract import entities
from ml.serve.tables import published_tables
from ml.settings import Settings
from tests.conftest import REPOSITORY
from tests.docs.pages import ELSEWHERE, LANGUAGES, PAGES, WAYS, all_blocks, prose_of
from tests.docs.readme_tables import meanings, sections

DIRECTORIES = ("docs",)


def test_every_page_is_listed() -> None:
    there = {f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md")}
    assert there | {"README.md", "CHANGELOG.md"} == set(PAGES)


def test_every_block_says_what_it_is() -> None:
    blocks = all_blocks()
    assert len(blocks) > 15
    assert {str(block) for block in blocks if block.language not in LANGUAGES} == set()
    assert {
        str(block) for block in blocks if block.language == "sh" and block.way not in WAYS
    } == set()
    assert {block.text.strip() for block in blocks if block.way == "elsewhere"} == set(ELSEWHERE)
    assert all(
        block.address.startswith("http://127.0.0.1:") for block in blocks if block.way == "server"
    )


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    place = REPOSITORY / page
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose_of(place)):
        if not target.startswith("http"):
            assert (place.parent / target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize("page", PAGES)
def test_commands_named_in_the_text_exist(page: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for span in re.findall(r"`([^`\n]+)`", prose_of(REPOSITORY / page)):
        words = span.split()
        if words[0] == "kith" and len(words) > 1 and not words[1].startswith("-"):
            assert words[1] in cli.commands, f"{page} names `{span}`"
        if words[0] == "make" and len(words) > 1 and "=" not in words[1]:
            assert re.search(rf"^{re.escape(words[1])}:", makefile, re.MULTILINE), (
                f"{page} names `{span}`"
            )


def test_the_landing_contract_of_the_page_is_the_one_that_is_read() -> None:
    page = (REPOSITORY / "docs/data_engineer.md").read_text(encoding="utf-8")
    for entity in entities().values():
        (row,) = re.findall(rf"^\| `{entity.name}` \|[^|]*\|(.*)\|$", page, re.MULTILINE)
        told = [column.strip() for column in row.replace("*", "").split(",")]
        assert sorted(told) == sorted(entity.columns), entity.name
        required = re.search(r"\*\*(.*?)\*\*", row)
        assert required is not None
        assert {c.strip() for c in required[1].split(",")} == set(entity.required), entity.name


def test_the_settings_of_the_page_are_those_that_are_read() -> None:
    page = (REPOSITORY / "docs/data_engineer.md").read_text(encoding="utf-8")
    table = page[page.index("| setting | default |") :].split("\n\n")[0]
    told = {
        name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert told == set(Settings.model_fields) - {"source"}


def test_the_rules_of_survivorship_of_the_page_are_those_that_are_known() -> None:
    page = (REPOSITORY / "docs/data_engineer.md").read_text(encoding="utf-8")
    table = page[page.index("| rule | the value goes first that |") :].split("\n\n")[0]
    told = {
        name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    macros = (REPOSITORY / "dbt_project/macros/survivorship.sql").read_text(encoding="utf-8")
    measures = macros[macros.index("{% macro survivorship_measures()") :].split("endmacro")[0]
    known = set(re.findall(r'^\s+"(\w+)":', measures, re.MULTILINE))
    assert "verified" in known
    assert told == known


def test_the_readme_explains_every_column_of_every_published_table() -> None:
    declared = meanings()
    assert set(declared) == {table.name for table in published_tables()}
    shown = sections((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    assert shown == declared, "write them anew: python -m tests.docs.readme_tables HOME"
