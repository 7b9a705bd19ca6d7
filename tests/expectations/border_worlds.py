"""Tiny warehouses, written by hand, that pass a border; tests spoil them with one statement each.

Every id of a person carries MARK, so that a test can tell whether a person shows up where none belongs.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd

from expectations.runner import Verdict, check_border
from ml.data.warehouse import connect, write_table
from ml.home import Home

DAY = date(2026, 7, 1)
MARK = "anna.schmidt@example.org"
TARGETS = [("next_purchase", 30, 0.3), ("churn", 90, 0.2)]

FEATURES = {
    "orders_count_30d": 1,
    "orders_count_90d": 2,
    "orders_count_365d": 3,
    "orders_count_all": 3,
    "orders_amount_365d": -4.5,
    "days_since_last_order": 12,
    "days_since_first_order": 300,
    "mean_order_amount": 20.25,
    "interactions_count_7d": 0,
    "interactions_count_30d": 0,
    "days_since_last_interaction": None,
    "shares_sent_count_30d": 1,
    "shares_sent_count_all": 5,
    "days_since_last_share_sent": 3,
    "people_received_from_count_all": 0,
    "days_until_order_due": -2,
}


def run_sql(home: Home, *statements: str) -> None:
    """Change a warehouse."""
    with connect(home) as connection:
        for statement in statements:
            connection.execute(statement)


def customer(number: int) -> str:
    """The id of a customer, which no report may show."""
    return f"{MARK}#{number:04d}"


def good_world(border: str, root: Path) -> Home:
    """A copy of the good warehouse of a border, which is built once."""
    home = Home(root)
    home.warehouse.mkdir(parents=True)
    shutil.copy(_built(border).database, home.database)
    return home


@cache
def _built(border: str) -> Home:
    root = Path(_kept().name) / border
    match border:
        case "landing":
            return landing_world(root)
        case "features":
            return features_world(root)
    return scores_world(root)


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    """Where the good warehouses stand until the tests have ended."""
    return tempfile.TemporaryDirectory(prefix="kith-borders-")


def landing_world(root: Path) -> Home:
    """Three entities, of which a few rows were refused, and one that brought nothing."""
    home = Home(root)
    rows = [
        ("orders", 5_000, 4_990, 10),
        ("profiles", 1_000, 1_000, 0),
        ("shares", 300, 280, 20),
        ("links", 0, 0, 0),
    ]
    refused = [
        ("orders", "orders/web.csv", number, "amount", "does not parse") for number in range(1, 11)
    ]
    refused += [
        ("shares", "shares/app.csv", number, "occurred_at", "missing") for number in range(1, 21)
    ]
    columns = {
        "entity": "varchar",
        "rows_in": "bigint",
        "rows_staged": "bigint",
        "rows_quarantined": "bigint",
    }
    quarantine = {"entity": "varchar", "file": "varchar", "file_row": "bigint"}
    quarantine |= {"column_name": "varchar", "reason": "varchar"}
    with connect(home) as connection:
        write_table(connection, "staging.landing_summary", columns, rows)
        write_table(connection, "staging.quarantine_rows", quarantine, refused)
    return home


def features_world(root: Path) -> Home:
    """Six customers with the same features at DAY, and one row at an earlier cut-off."""
    home = Home(root)
    people = [(customer(number), DAY) for number in range(6)]
    earlier = (customer(0), DAY - timedelta(days=30))
    columns = {"customer_id": "varchar", "as_of_date": "date"}
    times = {"last_completed_order_at": "timestamp", "last_activity_at": "timestamp"}
    instant = datetime(2026, 6, 20, 12)
    with connect(home) as connection:
        write_table(
            connection,
            "features.customer_features",
            columns | dict.fromkeys(FEATURES, "float"),
            [(*key, *FEATURES.values()) for key in [*people, earlier]],
        )
        write_table(
            connection,
            "features.customer_cohort",
            columns | times,
            [(*key, instant, instant) for key in [*people, earlier]],
        )
        write_table(
            connection,
            "features.customer_population",
            columns | {"target": "varchar", "horizon_days": "integer"},
            [(*key, target, horizon) for key in people for target, horizon, _ in TARGETS],
        )
        write_table(
            connection,
            "control.feature_families",
            {"family": "varchar", "is_present": "boolean", "has_entities": "boolean"},
            [("orders", True, True), ("devices", False, False)],
        )
    return home


def scores_world(root: Path, scored: int = 240, not_scored: int = 5) -> Home:
    """Customers with one row per target, placed as the contract says; the mean lies at the base rate."""
    home = Home(root)
    home.root.mkdir(parents=True, exist_ok=True)
    targets = {"target": "varchar", "horizon_days": "integer", "population_days": "integer"}
    with connect(home) as connection:
        write_table(
            connection, "control.targets", targets, [(name, days, 365) for name, days, _ in TARGETS]
        )
        ids = pd.DataFrame(
            {"customer_id": [customer(number) for number in range(scored + not_scored)]}
        )
        write_table(connection, "published.customers", {"customer_id": "varchar"}, ids)
        rows = [row for target in TARGETS for row in _score_rows(*target, scored, not_scored)]
        frame = pd.DataFrame(rows, columns=list(SCORES))
        frame = frame.reindex(columns=[*SCORES, *EXPECTED])
        write_table(connection, "published.customer_scores", SCORES | EXPECTED, frame)
        for statement in EXPECT:
            connection.execute(statement)
    return home


SCORES = {
    "as_of_date": "date",
    "customer_id": "varchar",
    "target": "varchar",
    "horizon_days": "integer",
    "window_start": "timestamp",
    "window_end": "timestamp",
    "status": "varchar",
    "reason_code": "varchar",
    "probability": "double",
    "percentile": "integer",
    "decile": "integer",
    "band": "varchar",
    "base_rate": "double",
    "reason_1": "varchar",
    "reason_2": "varchar",
    "reason_3": "varchar",
    "run_id": "varchar",
}


EXPECTED = {
    "expected_days": "double",
    "expected_amount": "decimal(18, 4)",
    "expected_loss": "decimal(18, 4)",
    "expected_reach": "double",
    "category_1": "varchar",
    "category_2": "varchar",
    "category_3": "varchar",
}
# A curve of constant rate for a few customers, so that a fault of one score touches no curve.
EXPECT = (
    "update published.customer_scores set expected_days = 50, expected_amount = 12.5, category_1 = 'shoes', "
    "category_2 = 'tents' where status = 'scored' and target = 'next_purchase'",
    "update published.customer_scores set expected_loss = 80 where status = 'scored' and target = 'churn'",
    "create table published.purchase_timing as select as_of_date, customer_id, horizon_days, days, "
    "case when days = horizon_days then probability else 1 - (1 - probability) ** (days / horizon_days) end "
    "as probability from published.customer_scores cross join (select unnest([7, 30, 90]) as days) "
    "where target = 'next_purchase' and status = 'scored' and customer_id between "
    f"'{MARK}#0010' and '{MARK}#0019'",
)


def _score_rows(
    target: str, horizon: int, base_rate: float, scored: int, not_scored: int
) -> Iterable[tuple[object, ...]]:
    start = datetime.combine(DAY, datetime.min.time())
    window = (start, start + timedelta(days=horizon))
    for place in range(scored):
        decile = 1 + place * 10 // scored
        band = "high" if decile <= 2 else "medium" if decile <= 5 else "low"
        probability = 2 * base_rate * (1 - (place + 0.5) / scored)
        score = (
            probability,
            100 - place * 100 // scored,
            decile,
            band,
            base_rate,
            "orders a lot",
            "came",
            "stays",
        )
        yield (DAY, customer(place), target, horizon, *window, "scored", None, *score, "run1")
    for number in range(scored, scored + not_scored):
        blank = (None, None, None, None, base_rate, None, None, None)
        yield (
            DAY,
            customer(number),
            target,
            horizon,
            *window,
            "not_scored",
            "profiling_refused",
            *blank,
            "run1",
        )


def judge(home: Home, border: str) -> Verdict:
    """Judge a border, and make sure that neither the words nor the reports show a person."""
    verdict = check_border(home, border, DAY)
    written = [
        path.read_text(encoding="utf-8")
        for path in home.reports.rglob("*")
        if path.suffix in (".json", ".html")
    ]
    assert len(written) >= 3  # the result, the index and a page at least
    for text in [verdict.message(), *verdict.warnings, *written]:
        assert MARK not in text
    return verdict
