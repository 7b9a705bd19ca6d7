"""What a run tells the SQL: settings, zones, rates, targets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ml.data.control import write_control_tables
from ml.data.rates import read_rates
from ml.data.targets import Target
from ml.data.warehouse import connect
from ml.errors import KithError
from ml.home import Home
from ml.run import Run
from ml.settings import Settings


def rates_of(tmp_path: Path, text: str | bytes, **settings: str) -> dict[str, str]:
    path = tmp_path / "rates.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_rates(Settings(rates_file=path, **settings))


def test_rates_as_exact_texts(tmp_path: Path) -> None:
    assert rates_of(
        tmp_path, "\ufeffcurrency,rate,note\r\n usd ,0.91,x\r\nJPY, 0.0061 ,\r\n\r\n"
    ) == {
        "USD": "0.91",
        "JPY": "0.0061",
    }


def test_the_own_currency_counts_as_it_is(tmp_path: Path) -> None:
    assert read_rates(Settings()) == {}
    assert read_rates(Settings(currency="EUR")) == {"EUR": "1"}
    assert rates_of(tmp_path, "currency,rate\nUSD,0.9\n", currency="EUR") == {
        "EUR": "1",
        "USD": "0.9",
    }
    assert rates_of(tmp_path, "currency,rate\nEUR,1.0\n", currency="EUR") == {"EUR": "1.0"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("USD,", "'USD' and ''"),
        ("USD", "'USD' and ''"),
        (",0.9", "'' and '0.9'"),
        ("USD,0", "'USD' and '0'"),
        ("USD,-1", "'USD' and '-1'"),
        ("USD,nan", "'USD' and 'nan'"),
        ("USD,inf", "'USD' and 'inf'"),
        ("USD,1_000", "'USD' and '1_000'"),
        ('USD,"0,9"', "'USD' and '0,9'"),
        ("USD,0.000000001", "'USD' and '0.000000001'"),
        ("USD,99999999999", "'USD' and '99999999999'"),
    ],
)
def test_a_rate_that_cannot_be_used(row: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(KithError) as stop:
        rates_of(tmp_path, f"currency,rate\nGBP,1.2\n{row}\n")
    assert (
        f"The rates file {tmp_path}/rates.csv, row 2: each row needs a currency and a positive rate"
        in str(stop.value)
    )
    assert told in str(stop.value)


def test_a_rates_file_with_other_columns_or_none(tmp_path: Path) -> None:
    with pytest.raises(KithError, match=r"row 1: .*\(columns currency,rate\)"):
        rates_of(tmp_path, "code;value\nUSD;0.9\n")
    with pytest.raises(KithError, match=r"rates\.csv \(setting rates_file\) cannot be read"):
        rates_of(tmp_path, "currency,rate\nÉ,1\n".encode("latin-1"))
    with pytest.raises(KithError, match=r"nowhere\.csv \(setting rates_file\) cannot be read"):
        read_rates(Settings(rates_file=tmp_path / "nowhere.csv"))


def test_the_tables_that_the_sql_reads(tmp_path: Path) -> None:
    (tmp_path / "rates.csv").write_text("currency,rate\nUSD,0.12345678\nJPY,9999999999\n")
    (tmp_path / "kith.toml").write_text(
        f'timezone = "Asia/Tokyo"\nholdout_key = "drawn"\nprofiling_default = false\n'
        f'rates_file = "{tmp_path}/rates.csv"\n'
        '[source.web]\ntimezone = "Europe/Paris"\n[source.app]\n'
    )
    home = Home(tmp_path)
    with connect(home) as connection:
        for targets in (
            [Target("churn", 30, 90)],
            [Target("share", 3, 365), Target("share", 7, 365)],
        ):
            write_control_tables(connection, home, targets)
        tables = {
            table: connection.execute(f"select * from control.{table}").fetchall()
            for table in ("settings", "sources", "rates", "targets", "snapshot_plan")
        }
    assert tables == {
        "settings": [("Asia/Tokyo", False, "drawn", 0.05, None)],
        "sources": [("web", "Europe/Paris")],
        "rates": [("JPY", Decimal("9999999999.00000000")), ("USD", Decimal("0.12345678"))],
        "targets": [("share", 3, 365), ("share", 7, 365)],
        "snapshot_plan": [],
    }


def test_another_rate_is_another_run(tmp_path: Path) -> None:
    """The path of the rates does not matter, what stands in the file does: it changes what is published."""
    definitions = []
    for number, rate in enumerate(["0.9", "0.9", "0.8"]):
        home = tmp_path / str(number)
        home.mkdir()
        (home / "r.csv").write_text(f"currency,rate\nUSD,{rate}\n")
        (home / "kith.toml").write_text(f'rates_file = "{home}/r.csv"\n')
        definitions.append(Run(Home(home), tmp_path, date(2024, 1, 1), []).definition())
    assert definitions[0] == definitions[1]
    assert definitions[0] != definitions[2]
