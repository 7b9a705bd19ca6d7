"""The page about the demo brand tells every number of its behaviour, and tells it right."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from ml.data.demo import DemoParameters, write_demo

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "demo_brand.md"


def numbers_in(value: object) -> list[float]:
    """The numbers of a parameter, in the order in which they are written down."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers_in(part)]
    if isinstance(value, tuple):
        return [number for part in value for number in numbers_in(part)]
    assert isinstance(value, int | float)
    return [float(value)]


def told_numbers(cell: str) -> list[float]:
    """The numbers of a cell; 1/35 is one."""
    found = re.findall(r"(\d+)/(\d+)|(\d+(?:\.\d+)?)", cell)
    return [int(over) / int(under) if under else float(plain) for over, under, plain in found]


def test_the_page_names_every_parameter_with_its_value_why_and_where_from() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE)
    told = {name: cell for name, cell, _, _ in rows}
    parameters = DemoParameters()
    assert set(told) == {field.name for field in fields(parameters)}
    assert len(rows) == len(told) > 70
    for name, cell in told.items():
        assert told_numbers(cell) == numbers_in(getattr(parameters, name)), name


def test_keys_of_a_parameter_are_named_on_the_page() -> None:
    page = PAGE.read_text()
    parameters = DemoParameters()
    for name in ("membership", "consents"):
        (row,) = re.findall(rf"^\| `{name}` \| (.+?) \|", page, re.MULTILINE)
        assert re.findall(r"([a-z_]+) ", row + " ") == list(getattr(parameters, name))


def test_files_of_the_truth_are_those_of_the_page(tmp_path: Path) -> None:
    told = re.findall(r"^\| `(\w+\.(?:parquet|json))` \|", PAGE.read_text(), re.MULTILINE)
    write_demo(tmp_path / "landing", tmp_path / "truth", customers=1, months=1)
    assert sorted(told) == sorted(file.name for file in (tmp_path / "truth").iterdir())
