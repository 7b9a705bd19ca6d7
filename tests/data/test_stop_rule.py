"""When a landing zone stops the run: too many bad rows, or money that cannot be added."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ml.data.landing_gate import check_currencies
from ml.data.warehouse import connect, write_table
from ml.errors import KithError
from ml.gates import check_border
from ml.home import Home
from ml.run import Run
from tests.conftest import build_world, write_csv

DAY = date(2024, 6, 1)
KITH = Path(sys.executable).parent / "kith"
FACTS = {
    "orders": (
        "source,order_id,occurred_at,amount",
        "web,{n},2024-05-01,10",
        "web,{n},2024-05-01,ten",
    ),
    "interactions": (
        "source,source_key,occurred_at,kind",
        "web,k{n},2024-05-01,view",
        "web,k{n},,view",
    ),
    "shares": ("source,share_id,inviter_key,occurred_at", "app,{n},k,2024-05-01", "app,{n},k,soon"),
}


def land(root: Path, **counts: tuple[int, int]) -> Path:
    """A landing zone with so many rows per entity, of which so many are bad."""
    root.mkdir(parents=True, exist_ok=True)
    for entity, (rows, bad) in counts.items():
        header, good_line, bad_line = FACTS[entity]
        lines = [(bad_line if n < bad else good_line).format(n=n) for n in range(rows)]
        (root / f"{entity}.csv").write_text("\n".join([header, *lines, ""]))
    return root


def test_rows_at_the_limits_pass(tmp_path: Path) -> None:
    # All rows: 399 of 19,950 are 2 %. Interactions: 200 of 2,000 are 10 %. Shares: 66 %, but fewer than 200.
    landing = land(
        tmp_path / "in", orders=(17_650, 0), interactions=(2_000, 200), shares=(300, 199)
    )
    built = build_world(landing, tmp_path / "home", DAY)
    totals = built.rows("select sum(rows_in), sum(rows_quarantined) from staging.landing_summary")
    assert totals == [(19_950, 399)]
    check_border(built.run, "landing")
    assert built.said[-1] == "border landing, 2024-06-01: 5 of 5 rules hold"
    assert "  shares: 300 rows in = 101 staged + 199 quarantined" in built.said


def test_one_row_above_the_limit_of_an_entity_stops_the_run(tmp_path: Path) -> None:
    landing = land(
        tmp_path / "in", orders=(17_800, 0), interactions=(1_999, 200), shares=(300, 200)
    )
    built = build_world(landing, tmp_path / "home", DAY)
    with pytest.raises(KithError) as stop:
        check_border(built.run, "landing")
    message = str(stop.value)
    assert (
        "1 of 5 rules broken. Rule: At most 10.0% of the rows of one entity may be refused, once 200 are"
        in message
    )
    assert (
        "interactions: 200 of 1,999 rows (10.0%), most often occurred_at: missing (200 times)"
        in message
    )
    assert "shares: 200 of 300 rows (66.7%), most often occurred_at: not a timestamp" in message
    assert "max_bad_share_entity" in message
    assert "`kith check --landing DIR` lists what is refused" in message
    assert "\n" not in message


def test_one_row_above_the_limit_of_all_stops_and_check_says_it_beforehand(tmp_path: Path) -> None:
    landing = land(tmp_path / "in", orders=(19_949 - 300, 200), shares=(300, 199))
    (landing / "notes.txt").write_text("x")
    before = sorted(path.name for path in landing.rglob("*"))
    finished = subprocess.run(
        [str(KITH), "check", "--landing", str(landing)],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("KITH_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1
    assert finished.stderr.startswith("kith: A run would stop at this landing zone. Rule: At most")
    assert finished.stderr.count("\n") == 1
    assert (
        "At most 2.0% of all rows may be refused (setting max_bad_share). Found: 399 of 19,949 rows"
        in finished.stderr
    )
    assert "orders.csv → orders: 4 of 13 columns" in finished.stdout
    assert "notes.txt: not read" in finished.stdout
    assert (
        "  orders: 19,649 in = 19,449 staged + 200 quarantined; known from 2024-05-01 to 2024-05-01"
        in finished.stdout
    )
    assert "  orders.amount: not a number: 200 rows, first in orders.csv, row 1" in finished.stdout
    assert "ten" not in finished.stdout.split()
    assert sorted(path.name for path in landing.rglob("*")) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_money_in_several_currencies_needs_rates_and_is_then_reported_in_one(
    tmp_path: Path,
) -> None:
    landing, home = tmp_path / "in", tmp_path / "home"
    money = {
        "1": ("", "10"),
        "2": ("EUR", "10"),
        "3": ("usd", "10"),
        "4": ("JPY", "1000"),
        "5": ("USD", "-3.33333"),
    }
    orders = [
        {"source": "web", "order_id": number, "occurred_at": "2024-05-01", "amount": amount, "currency": currency,
         "discount": "1", "known_at": "2024-07-01" if currency == "JPY" else ""}
        for number, (currency, amount) in money.items()
    ]  # fmt: skip
    write_csv(landing, "orders", orders)
    with pytest.raises(KithError) as stop:
        build_world(landing, home, DAY)
    # Yen come later: at this day nobody has heard of them.
    assert "Orders come in several currencies (EUR, USD)" in str(stop.value)
    assert "missing: EUR, USD" in str(stop.value)
    assert "rates_file" in str(stop.value)

    (tmp_path / "rates.csv").write_text("currency,rate\nusd,0.9\n")
    built = build_world(
        landing, home, DAY, settings=f'currency = "EUR"\nrates_file = "{tmp_path}/rates.csv"\n'
    )
    assert built.rows(
        "select order_id, amount, discount from staging.stg_orders order by order_id"
    ) == [
        ("1", Decimal("10.0000"), Decimal("1.0000")),
        ("2", Decimal("10.0000"), Decimal("1.0000")),
        ("3", Decimal("9.0000"), Decimal("0.9000")),
        ("5", Decimal("-3.0000"), Decimal("0.9000")),
    ]


@pytest.mark.parametrize(
    ("delivered", "settings", "rates", "missing"),
    [
        ([None, None], "", [], None),
        (["USD", "usd", None], "", [], None),
        (["USD", None], 'currency = "USD"', ["USD"], None),
        (["USD", None], 'currency = "EUR"', ["EUR"], "USD"),
        (["USD", "EUR"], 'currency = "EUR"', ["EUR"], "USD"),
        (["USD", "EUR", "JPY"], 'currency = "EUR"', ["EUR", "JPY"], "USD"),
        (["USD", "EUR"], "", ["USD"], "EUR"),
        (["USD", "EUR"], "", ["EUR", "USD"], None),
    ],
)
def test_which_currencies_need_a_rate(
    delivered: Sequence[str | None],
    settings: str,
    rates: Sequence[str],
    missing: str | None,
    tmp_path: Path,
) -> None:
    (tmp_path / "kith.toml").write_text(settings)
    run = Run(Home(tmp_path), tmp_path, DAY, [])
    with connect(run.home) as connection:
        write_table(
            connection,
            "staging.stg_orders",
            {"currency": "varchar"},
            [[name] for name in delivered],
        )
        write_table(
            connection, "control.rates", {"currency": "varchar"}, [[name] for name in rates]
        )
        if missing is None:
            check_currencies(connection, run)
        else:
            with pytest.raises(KithError, match=f"missing: {missing}. Name a CSV file"):
                check_currencies(connection, run)
