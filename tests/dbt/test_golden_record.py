"""Which stated value survives: the SQL against plain Python, on random values, for every rule of the seed."""

from __future__ import annotations

import csv
import random
import subprocess
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ml.data.warehouse import connect
from ml.errors import KithError
from ml.home import SEEDS, Home
from ml.transform import dbt_command, dbt_environment, run_models
from tests.dbt.test_project_rules import declared

DAY = date(2024, 6, 1)
MODEL = "int_customer__golden_choices"
FIELDS = {
    "name": ["name", "given_name", "family_name"],
    "email": ["email"],
    "phone": ["phone"],
    "birth_date": ["birth_date"],
    "gender": ["gender"],
    "address": ["street", "city", "postcode", "country"],
}
COLUMNS = (
    "customer_no bigint, unit varchar, record_no bigint, source varchar, source_key varchar, match_key varchar, "
    "shown_value varchar, known_at timestamp, source_rank integer, fields_stated integer, is_usable boolean, "
    "is_answered boolean, is_mixed_case boolean, is_native_script boolean, "
    + ", ".join(f"{field} varchar" for fields in FIELDS.values() for field in fields)
)
Row = dict[str, Any]


def seeded_home(root: Path) -> Home:
    """A home whose warehouse holds the seed of the rules and nothing else."""
    home = Home(root)
    home.warehouse.mkdir(parents=True)
    with connect(home) as connection:
        connection.execute("create schema seeds")
        connection.execute(
            "create table seeds.survivorship_rules as select * from read_csv(?, header = true)",
            [str(SEEDS / "survivorship_rules.csv")],
        )
    return home


@pytest.fixture(scope="module")
def choosing_sql(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The model as dbt writes it for the rules of the seed."""
    home = seeded_home(tmp_path_factory.mktemp("seeded"))
    done = subprocess.run(
        dbt_command(home, DAY, "compile", "--select", MODEL),
        env=dbt_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    (compiled,) = (home.warehouse / "dbt" / "compiled").rglob(f"{MODEL}.sql")
    return compiled.read_text(encoding="utf-8")


def rules() -> dict[str, list[str]]:
    """The rules of each unit, in their order."""
    found = defaultdict(list)
    with (SEEDS / "survivorship_rules.csv").open(encoding="utf-8", newline="") as file:
        for row in sorted(csv.DictReader(file), key=lambda row: int(row["rank"])):
            found[row["unit"]].append(row["rule"])
    return found


def random_rows(seed: int) -> list[Row]:
    """Few customers, few values of each trait: ties at every rule are common."""
    draw = random.Random(seed)
    rows = []
    for customer in range(40):
        for unit, fields in FIELDS.items():
            for number in range(draw.randrange(6)):
                key = f"k{draw.randrange(3)}"
                rows.append(
                    {
                        "customer_no": customer,
                        "unit": unit,
                        "record_no": customer * 10 + number,
                        "source": f"s{draw.randrange(3)}",
                        "source_key": f"r{customer * 10 + number}",
                        "match_key": key,
                        "shown_value": f"{key}{draw.choice('ab')}",
                        "known_at": datetime(2024, 1, 1) + timedelta(days=draw.randrange(3)),
                        "source_rank": draw.choice([1, 2, 2147483647]),
                        "fields_stated": draw.randrange(1, 3),
                        **{
                            flag: draw.random() < 0.5
                            for flag in ("is_usable", "is_answered", "is_mixed_case", "is_native_script")
                        },
                        **{field: f"{field} {number}" for field in fields},
                    }
                )  # fmt: skip
    return rows


def choose_in_sql(sql: str, rows: list[Row]) -> dict[tuple[int, str], Row]:
    """The model on a table of these rows."""
    with duckdb.connect() as connection:
        connection.execute(
            "attach ':memory:' as kith; create schema kith.relationship; create schema kith.identity"
        )
        connection.execute(
            f"create table kith.relationship.int_customer__stated_values ({COLUMNS})"
        )
        for row in rows:
            connection.execute(
                f"insert into kith.relationship.int_customer__stated_values ({', '.join(row)}) "
                f"values ({', '.join('?' * len(row))})",
                list(row.values()),
            )
        connection.execute(
            "create table kith.identity.int_identity__records as "
            "select cast(n as bigint) as record_no, 'c' || n as customer_id from range(40) as numbers (n)"
        )
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or []]
        chosen = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    by_key = {(row["customer_no"], row["unit"]): row for row in chosen}
    assert len(by_key) == len(chosen)
    return by_key  # fmt: skip


def choose_in_python(candidates: list[Row], order: list[str]) -> tuple[Row, str, bool, int]:
    """The chosen row, the rule that decided, whether it is verified and by how many it is stated."""
    same = defaultdict(list)
    for row in candidates:
        same[row["match_key"]].append(row)

    def verified(row: Row) -> bool:
        group = same[row["match_key"]]
        return any(one["is_answered"] for one in group) or len({one["source"] for one in group}) > 1

    measures: dict[str, Callable[[Row], Any]] = {
        "usable": lambda row: row["is_usable"],
        "verified": verified,
        "source_priority": lambda row: -row["source_rank"],
        "most_recent": lambda row: row["known_at"],
        "most_frequent": lambda row: len(same[row["match_key"]]),
        "most_complete": lambda row: row["fields_stated"],
        "mixed_case": lambda row: row["is_mixed_case"],
        "native_script": lambda row: row["is_native_script"],
        "usual_form": lambda row: sum(
            one["shown_value"] == row["shown_value"] for one in same[row["match_key"]]
        ),
    }
    ordered = sorted(
        candidates, key=lambda row: (row["source"], row["source_key"], row["match_key"])
    )
    for rule in reversed(order):
        ordered.sort(key=measures[rule], reverse=True)
    best = ordered[0]
    rivals = [row for row in ordered if row["match_key"] != best["match_key"]]
    deciding = next(
        (rule for rule in order if rivals and measures[rule](best) != measures[rule](rivals[0])),
        "tie_breaker" if rivals else "only_value",
    )
    return best, deciding, verified(best), len(same[best["match_key"]])  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_the_rules_choose_as_the_seed_says(choosing_sql: str, seed: int) -> None:
    rows = random_rows(seed)
    chosen = choose_in_sql(choosing_sql, rows)
    candidates = defaultdict(list)
    for row in rows:
        candidates[row["customer_no"], row["unit"]].append(row)
    assert set(chosen) == set(candidates)
    for (customer, unit), stated in candidates.items():
        best, deciding, is_verified, stated_by = choose_in_python(stated, rules()[unit])
        found = chosen[customer, unit]
        names = ("source", "source_key", "known_at", *FIELDS[unit])
        assert {name: found[name] for name in names} == {name: best[name] for name in names}
        assert found["value"] == best["shown_value"]
        told = (found["rule"], found["is_verified"], found["stated_by"])
        assert told == (deciding, is_verified, stated_by)
        others = {field for fields in FIELDS.values() for field in fields} - set(FIELDS[unit])
        assert {found[field] for field in others} == {None}
    # Another order of the rows, the same choice.
    assert choose_in_sql(choosing_sql, random.Random(seed).sample(rows, len(rows))) == chosen  # fmt: skip


def test_the_random_values_put_every_rule_to_work() -> None:
    deciding = set()
    for seed in range(5):
        candidates = defaultdict(list)
        for row in random_rows(seed):
            candidates[row["customer_no"], row["unit"]].append(row)
        deciding |= {
            (unit, choose_in_python(stated, rules()[unit])[1])
            for (_, unit), stated in candidates.items()
        }
    assert {(unit, rule) for unit, order in rules().items() for rule in order[:3]} <= deciding
    assert {rule for _, rule in deciding} >= {"only_value", "tie_breaker"}


def test_rules_that_nobody_knows_stop_with_their_rows(tmp_path: Path) -> None:
    home = seeded_home(tmp_path)
    with connect(home) as connection:
        connection.execute(
            "insert into seeds.survivorship_rules values "
            "('email', 8, 'newest', ''), ('mail', 1, 'verified', ''), ('phone', 9, 'verified', '')"
        )
    with pytest.raises(KithError) as stopped:
        run_models(home, DAY, [MODEL], lambda _: None)
    told = str(stopped.value)
    assert "rule 'newest' for unit 'email' at rank 8 (rules are: usable, verified, " in told
    assert "rule 'verified' for unit 'mail' at rank 1 (units are: name, email, " in told
    assert (
        "rule 'verified' for unit 'phone' at rank 9 (it stands at an earlier rank already)" in told
    )
    assert "Correct these rows or remove them." in told


def test_every_unit_has_rules_columns_and_a_source() -> None:
    assert set(rules()) == set(FIELDS)
    columns = {column["name"] for column in declared()["customers"]["columns"]}
    assert {f"{unit}_source" for unit in FIELDS} <= columns
    assert {field for fields in FIELDS.values() for field in fields} <= columns
