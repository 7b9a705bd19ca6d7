"""`kith export` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ml.activate.export.destinations import DESTINATIONS
from ml.activate.export.export import Order, declared_orders, export_all
from ml.cli import cli
from ml.commands import exports
from ml.errors import KithError
from tests.activate.export.small_home import SmallBrand


def test_the_command_knows_the_destinations() -> None:
    assert set(exports.DESTINATIONS) == set(DESTINATIONS)


def test_declared_exports_are_of_destinations_that_are_known(tmp_path: Path) -> None:
    orders = declared_orders(None, True)
    assert orders
    assert all(order.destination in DESTINATIONS and order.is_planned for order in orders)
    assert len({(order.audience, order.destination) for order in orders}) == len(orders)
    other = tmp_path / "exports.csv"
    other.write_text("audience,destination\nready,fax\n")
    with pytest.raises(KithError, match="row 1: 'fax' is no destination"):
        declared_orders(None, False, other)


def test_a_list_that_stops_keeps_no_other_back(tmp_path: Path) -> None:
    brand = SmallBrand(tmp_path / "home")
    brand.root.mkdir()
    brand.add("c-ann")
    brand.publish()
    names = ["nobody_1", "ready", "nobody_2", "nobody_1"]
    with pytest.raises(KithError) as stop:
        export_all(brand.home, [Order(name, "email") for name in names], brand.said.append)
    assert [str(stop.value).count(f"'{name}'") for name in names] == [1, 0, 1, 1]
    assert any("1 delivered" in line for line in brand.said)


def test_one_list_and_every_declared_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brand = SmallBrand(tmp_path / "home")
    brand.root.mkdir()
    brand.add("c-ann")
    brand.publish()
    home = ["--home", str(brand.root)]
    told = CliRunner().invoke(cli, ["export", "ready", "--to", "email", *home])
    assert told.exit_code == 0
    assert "ready to email, 2024-06-01: 1 in the audience, 1 delivered" in told.output
    seed = tmp_path / "exports.csv"
    seed.write_text("audience,destination\nready,email\nready,google\n")
    monkeypatch.setattr("ml.activate.export.export.declared_orders.__defaults__", (seed,))
    told = CliRunner().invoke(cli, ["export", "--all", *home])
    assert told.exit_code == 0
    assert "was exported before" in told.output
    assert "ready to google" in told.output
    assert "no list delivered, because fewer than 100 people are left" in told.output
