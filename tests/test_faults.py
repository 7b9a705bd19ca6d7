"""What goes wrong is told without anybody's data."""

from __future__ import annotations

import duckdb
import pytest

from ml.faults import EntriesWithoutValues, describe_fault, without_values

VALUE = 'o\'zq7 "x"\n(canary), 4477009'


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("select cast(v as integer) from t", "Conversion Error: Could not convert string"),
        ("select cast(v as timestamp) from t", "Conversion Error: "),
        ("select cast(v as decimal(4, 2)) from t", "Conversion Error: "),
        ("select cast(v as uuid) from t", "Conversion Error: "),
        ("select strptime(v, '%Y') from t", "Invalid Input Error: "),
        ("select error(v) from t", "Invalid Input Error: "),
        ("insert into t select * from t", "Constraint Error: "),
        ("select cast(n as tinyint) from t", "Conversion Error: Type INT"),
        ("select n * n * n * n from t", "Out of Range Error: "),
        ("select json(v) from t", "Error: "),
    ],
)
def test_no_error_of_the_database_quotes_a_value(query: str, kept: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table t (v varchar primary key, n bigint)")
        connection.execute("insert into t values (?, 447700900461)", [VALUE])
        with pytest.raises(duckdb.Error) as stop:
            connection.execute(query).fetchall()
    message = str(stop.value)
    assert "zq7" in message or "4477" in message
    told = without_values(f"Runtime Error in model broken (models/broken.sql)\n  {message}")
    assert kept in told
    assert told.startswith("Runtime Error in model broken (models/broken.sql)\n  ")
    assert not {word for word in ("zq7", "canary", "4477", "900461") if word in told}
    assert "values are left out" in told


def test_what_names_code_is_told_as_it_is() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table people (email varchar)")
        for query in ("select mail from people", "from persons", "selec"):
            with pytest.raises(duckdb.Error) as stop:
                connection.execute(query)
            assert without_values(str(stop.value)) == str(stop.value)
    assert without_values("Got 3 results, configured to fail if != 0") == (
        "Got 3 results, configured to fail if != 0"
    )


def test_a_log_loses_values_that_run_over_several_lines() -> None:
    lines = [
        "08:13:00  1 of 9 OK created sql view model staging.a ... [OK in 0.02s]\n",
        "08:13:01    Runtime Error in model broken (models/broken.sql)\n",
        "  Conversion Error: Could not convert string 'zq'7\n",
        "  ca\"nary' to INT32 when casting from source column order_id\n",
        "\n",
        "  LINE 11: select cast(order_id as integer)\n",
        "08:13:01  \n",
        "08:13:01  Done.\n",
    ]
    told: list[str] = []
    entries = EntriesWithoutValues(told.append)
    for line in lines:
        entries.add(line)
    entries.end()
    assert "".join(told) == "".join(
        [
            *lines[:2],
            "  Conversion Error: Could not convert string … when casting from source column order_id"
            " (values are left out)\n",
            "08:13:01  \n",
            "08:13:01  Done.\n",
        ]
    )


def test_a_fault_says_where_and_what_kind() -> None:
    def look_up(person: str) -> None:
        try:
            {}[person]
        except KeyError as error:
            raise ValueError(f"nobody like {person}") from error

    with pytest.raises(ValueError, match="zq7") as stop:
        look_up(VALUE)
    told = describe_fault(stop.value)
    assert "zq7" not in told
    assert told.index("KeyError: (its words") < told.index("ValueError: (its words")
    assert "in look_up" in told
    with pytest.raises(AttributeError) as other:
        None.nothing  # type: ignore[attr-defined]  # noqa: B018
    assert "has no attribute 'nothing'" in describe_fault(other.value)
