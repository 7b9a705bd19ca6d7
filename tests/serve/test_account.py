"""The account of a published version: planted customers, and what it must and must not say of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ml.errors import KithError
from ml.home import Home
from ml.serve.account import describe_account

VERSION = "2026-07-01-0123456789ab"


@dataclass(frozen=True)
class Customer:
    """What the account looks at."""

    customer_id: str
    spent: int = 100
    leaving: float | None = 0.6
    loss: float | None = 60
    email: bool | None = True
    sms: bool | None = None
    roles: str = "customer"
    level: str = "weak"


MODEL = {
    "target": "churn",
    "horizon_days": 90,
    "status": "scored",
    "reason_code": None,
    "population": 5,
    "base_rate": 0.5,
    "quality_grade": "B",
    "model_name": "propensity_churn_90d",
    "sha256": "abc",
}
THIN = {
    **MODEL,
    "target": "share",
    "status": "not_scored",
    "reason_code": "thin_data",
    "customers_with": 3,
    "customers_without": 70,
    "customers_needed": 200,
}


def publish(root: Path, customers: list[Customer], models: list[dict[str, Any]]) -> Home:
    """Write a version with the columns the account reads."""
    folder = root / "published" / "versions" / VERSION
    folder.mkdir(parents=True)
    people = [
        (
            c.customer_id,
            c.level,
            c.spent,
            c.email,
            c.sms,
            None,
            c.roles,
            1,
            "Ada Byron",
            "ada@x.example",
        )
        for c in customers
    ]
    scores = [
        (
            c.customer_id,
            "churn",
            90,
            "scored" if c.leaving else "not_scored",
            c.leaving,
            0.5,
            c.loss,
            "r1",
            "r2",
            None,
        )
        for c in customers
    ]
    tables = {
        "customers": (
            "customer_id varchar, level varchar, orders_amount_365d decimal(18, 4), consent_email boolean, "
            "consent_sms boolean, consent_push boolean, roles varchar, records_count int, name varchar, email varchar",
            people,
        ),
        "customer_scores": (
            "customer_id varchar, target varchar, horizon_days int, status varchar, probability double, "
            "base_rate double, expected_loss decimal(18, 4), reason_1 varchar, reason_2 varchar, reason_3 varchar",
            scores,
        ),
        "identity_map": (
            "source varchar, source_key varchar, customer_id varchar, valid_to date",
            [("web", c.customer_id, c.customer_id, None) for c in customers],
        ),
        "customer_merges": ("retired_id varchar", []),
        "data_quality": (
            '"check" varchar, "table" varchar, observed varchar',
            [("orders rows add up", "orders", "1200 in = 1198 staged + 2 quarantined")],
        ),
        "quarantine": (
            'entity varchar, file varchar, "row" int, "column" varchar, reason varchar',
            [
                ("orders", "a.csv", 3, "amount", "missing"),
                ("orders", "a.csv", 4, "amount", "missing"),
            ],
        ),
    }
    with duckdb.connect() as connection:
        for name, (columns, rows) in tables.items():
            connection.execute(f"create table {name} ({columns})")
            if name == "customers":
                connection.execute(
                    "alter table customers add column people_brought_count int default 1"
                )
                connection.execute(
                    "alter table customers add column revenue_brought int default 10"
                )
                rows = [(*row, 1, 10) for row in rows]
            if rows:
                marks = ", ".join("?" for _ in rows[0])
                connection.executemany(f"insert into {name} values ({marks})", rows)
            connection.execute(f"copy {name} to '{folder / name}.parquet' (format parquet)")
    manifest = {"version": VERSION, "as_of_date": "2026-07-01", "models": models}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (root / "published" / "current.json").write_text(
        json.dumps({"version": VERSION, "as_of_date": "2026-07-01"})
    )
    return Home(root)


def account(home: Home, figures: dict[str, float] | None = None) -> list[str]:
    return describe_account(home, lambda name, sha256: figures or {})


def called(lines: list[str]) -> list[str]:
    """The customers on the call list, in its order."""
    return [word for line in lines for word in line.split() if word.startswith("c_")]


def test_the_call_list_holds_those_at_risk_who_may_be_written_to_the_dearest_first(
    tmp_path: Path,
) -> None:
    usual = Customer("c_usual")
    customers = [
        usual,
        replace(usual, customer_id="c_dear", loss=600),
        replace(usual, customer_id="c_likelier", leaving=0.9, loss=90),
        replace(usual, customer_id="c_staff", roles="customer,staff", loss=9000),
        replace(usual, customer_id="c_silent", email=None, loss=9000),
        replace(usual, customer_id="c_refused", email=False, loss=9000),
        replace(usual, customer_id="c_staying", leaving=0.4, loss=9000),
        replace(usual, customer_id="c_unscored", leaving=None, loss=9000),
        replace(usual, customer_id="c_by_sms", email=False, sms=True, loss=50),
        replace(usual, customer_id="c_unpriced", spent=9000, loss=None),
    ]
    lines = account(publish(tmp_path, customers, [MODEL]))
    assert called(lines) == ["c_dear", "c_likelier", "c_usual", "c_by_sms", "c_unpriced"]
    (dearest,) = (line for line in lines if "c_dear" in line)
    assert dearest.split()[2:] == ["weak", "100", "60%", "600", "email", "r1;", "r2"]


def test_at_most_twenty_are_called_and_equals_come_by_id(tmp_path: Path) -> None:
    customers = [Customer(f"c_{number:02}") for number in range(30)]
    assert called(account(publish(tmp_path, customers, [MODEL]))) == [
        f"c_{n:02}" for n in range(20)
    ]


def test_it_tells_rows_refusals_models_and_thin_data(tmp_path: Path) -> None:
    home = publish(tmp_path, [Customer("c_1")], [MODEL, THIN])
    figures = {
        "served.auc": 0.7512,
        "served.log_loss": 0.5897,
        "rule.auc": 0.727,
        "rule.log_loss": 0.6179,
    }
    text = "\n".join(account(home, figures))
    assert "orders      1,200        2" in text
    assert "2 refused: orders.amount missing" in text
    assert "1 records of 1 sources are 1 customers" in text
    assert "churn 90d      5      50.0%      B  0.751    0.5897             0.727    0.6179" in text
    assert (
        "share 90d: not scored, thin_data (3 customers with the outcome, 70 without; 200 of each needed)"
        in text
    )
    assert str(home.published / "versions" / VERSION) in text


def test_figures_that_nobody_kept_are_question_marks(tmp_path: Path) -> None:
    text = "\n".join(account(publish(tmp_path, [Customer("c_1")], [MODEL])))
    assert "B    ?         ?                 ?         ?" in text


def test_it_tells_what_was_no_evidence_and_whom_to_look_at_without_a_value(tmp_path: Path) -> None:
    home = publish(tmp_path, [Customer("c_1")], [MODEL])
    assert "  this version has no audit of identity; the next one will" in account(home)
    rows = [
        (
            "several_people",
            1,
            "customers whose records speak of several people",
            7,
            None,
            None,
            None,
        ),
        ("blocked", 1, "phone: too many", 1200, "held by 9000 records", "phone", None),
        ("over_shared", 1, "phone", 31, "too many", "phone", "+441711234567"),
        ("refused", 1, "household: email", 4, None, None, None),
        *(
            ("suggested_split", rank, "email", 0.5, "look", None, f"c_{rank}")
            for rank in range(1, 8)
        ),
    ]
    with duckdb.connect() as connection:
        connection.execute(
            "create table audit (topic varchar, rank int, item varchar, number double, detail varchar, "
            "id_value varchar, customer_id varchar)"
        )
        connection.executemany("insert into audit select $1, $2, $3, $4, $5, $6, $7", rows)
        file = tmp_path / "published" / "versions" / VERSION / "identity_audit.parquet"
        connection.execute(f"copy audit to '{file}' (format parquet)")
    said = account(home)
    begin = said.index("Who may not be who") + 1
    assert said[begin : begin + 4] == [
        "  no evidence: phone: too many (1,200 different, held by 9000 records)",
        "  joined nobody: 4 links (household: email)",
        "  7 customers whose records speak of several people",
        "  worth a look: c_1, held together by email; look",
    ]
    assert len([line for line in said if "worth a look:" in line]) == 5
    assert not any("1711234567" in line for line in said)


def test_it_names_nobody(tmp_path: Path) -> None:
    text = "\n".join(account(publish(tmp_path, [Customer("c_1")], [MODEL])))
    assert "c_1" in text
    assert "Ada" not in text
    assert "ada@" not in text


def test_without_a_model_of_leaving_it_says_so(tmp_path: Path) -> None:
    lines = account(publish(tmp_path, [Customer("c_1", leaving=None)], [THIN]))
    assert any("nobody: no model of leaving serves" in line for line in lines)


def test_an_empty_home_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KithError, match="`kith run` publishes"):
        account(Home(tmp_path))
