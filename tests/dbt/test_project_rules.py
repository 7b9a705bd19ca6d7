"""Rules of the dbt project that a reader of the files alone can check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import ml.cli
from ml.data.targets import read_targets
from ml.flow import PARTS
from ml.learn.registry import model_name
from tests.conftest import REPOSITORY

PROJECT = REPOSITORY / "dbt_project"
MODELS = PROJECT / "models"

# A model reads its own folder and those of smaller numbers.
FLOW = {
    "staging": 0,
    "identity": 1,
    "events": 2,
    "features": 3,
    "interests": 3,
    "labels": 4,
    "relationship": 4,
    "published": 5,
}
# The key and columns of each published table, as section 7 of the design says them (customers: its key).
PUBLISHED = {
    "customers": (["customer_id"], []),
    "customer_scores": (
        ["as_of_date", "customer_id", "target", "horizon_days"],
        [
            "window_start",
            "window_end",
            "status",
            "reason_code",
            "probability",
            "percentile",
            "decile",
            "band",
            "base_rate",
            "lift",
            "reason_1",
            "reason_2",
            "reason_3",
            "expected_days",
            "expected_amount",
            "expected_loss",
            "expected_reach",
            "category_1",
            "category_2",
            "category_3",
            "model_name",
            "model_version",
            "quality_grade",
            "definition_hash",
            "run_id",
        ],
    ),
    "purchase_timing": (
        ["as_of_date", "customer_id", "horizon_days", "days"],
        ["ordered_before", "probability"],
    ),
    "identity_map": (["source", "source_key", "valid_from"], ["customer_id", "valid_to"]),
    "customer_merges": (["retired_id", "merged_at"], ["surviving_id", "reason"]),
    "identity_audit": (
        ["topic", "rank"],
        [
            "item",
            "number",
            "detail",
            "since",
            "id_type",
            "id_value",
            "customer_id",
            "other_customer_id",
            "source",
            "source_key",
            "other_source",
            "other_source_key",
        ],
    ),
    "customer_tags": (["customer_id", "tag"], ["value", "evidence"]),
    "customer_levels": (
        ["customer_id", "as_of_date"],
        ["level", "previous_level", "since", "days_stood", "moved", "reason"],
    ),
    "tags": (
        ["tag"],
        ["topic", "meaning", "time_window", "customers", "customers_share", "commonest_value"],
    ),
    "relationship_funnel": (
        ["as_of_date", "level"],
        [
            "customers",
            "customers_before",
            "arrived",
            "risen",
            "fallen",
            "risen_out",
            "fallen_out",
            "left",
            "gone",
            "brought",
            "revenue_brought",
        ],
    ),
    "relationship_cohorts": (
        ["cohort_month", "months_since"],
        [
            "month",
            "customers",
            "active_customers",
            "active_share",
            "orders",
            "amount",
            "cumulative_amount",
            "is_complete",
        ],
    ),
    "super_users": (
        ["customer_id"],
        [
            "rank",
            "role",
            "score",
            "reach",
            "brought",
            "revenue_brought",
            "downstream_people",
            "downstream_revenue",
            "own_orders_count_365d",
            "own_amount_365d",
            "sold_orders_count_365d",
            "sold_amount_365d",
            "reason",
        ],
    ),
    "referrals": (
        ["customer_id"],
        [
            "inviter_id",
            "root_id",
            "generation",
            "source",
            "share_id",
            "product_id",
            "channel",
            "brought_at",
            "first_touch_at",
            "first_touch_by_id",
            "touches",
            "first_order_at",
            "days_to_first_order",
            "orders_count",
            "revenue",
            "is_suspicious",
            "flags",
            "flag_reasons",
        ],
    ),
    "bringers": (
        ["customer_id"],
        [
            "reach",
            "brought",
            "brought_who_bought",
            "suspicious_brought",
            "downstream_people",
            "tree_depth",
            "revenue_brought",
            "downstream_revenue",
            "first_brought_at",
            "last_brought_at",
        ],
    ),
    "reward_ledger": (
        ["source", "order_id", "customer_id"],
        ["generation", "brought_id", "occurred_at", "order_amount", "reward", "status"],
    ),
    "referral_metrics": (
        ["metric"],
        ["value", "low", "high", "observations", "unit", "meaning"],
    ),
    "value_concentration": (
        ["value_kind", "top_share"],
        ["customers", "all_customers", "amount", "share_of_all"],
    ),
    "likely_super_users": (
        ["customer_id"],
        [
            "rank",
            "expected_brought",
            "share_probability",
            "order_days_count_365d",
            "reach",
            "shares_count",
            "opened_shares",
            "missing",
        ],
    ),
    "journey_stages": (
        ["breakdown", "item", "stage"],
        ["stage_rank", "reached", "went_on", "fell_off", "share_going_on", "median_days_to_next"],
    ),
    "store_journey": (
        ["place", "step"],
        ["step_rank", "reached", "share_of_visits", "went_on", "share_going_on"],
    ),
    "place_visits": (
        ["place"],
        [
            "visits",
            "visitors",
            "visits_per_visitor",
            "median_dwell_seconds",
            "visits_judged_30d",
            "share_returning_30d",
            "visits_judged_90d",
            "share_returning_90d",
            "share_bought",
        ],
    ),
    "service_recovery": (
        ["kind", "channel"],
        [
            "contacts",
            "customers",
            "contacts_judged_30d",
            "share_ordered_30d",
            "contacts_judged_60d",
            "share_ordered_60d",
            "contacts_judged_90d",
            "share_ordered_90d",
            "median_days_to_next_order",
            "median_gap_days_before",
        ],
    ),
    "reputation": (
        ["subject_kind", "subject"],
        [
            "voices_count",
            "expert_voices_count",
            "brand_voices_count",
            "brand_words_count",
            "reviews",
            "positive_reviews",
            "negative_reviews",
            "shares",
            "referrals",
            "votes",
            "mean_rating",
            "reputation_index",
            "low",
            "high",
            "confidence",
            "trend",
        ],
    ),
    "model_backtests": (
        ["target", "horizon_days", "as_of_date", "contender"],
        [
            "rows",
            "base_rate",
            "mean_probability",
            "auc",
            "average_precision",
            "log_loss",
            "brier",
            "ece",
            "chance_limit",
            "badly_calibrated",
            "lift_top_decile",
            "auc_gain",
            "auc_gain_low",
            "auc_gain_high",
            "average_precision_gain",
            "average_precision_gain_low",
            "average_precision_gain_high",
            "log_loss_gain",
            "log_loss_gain_low",
            "log_loss_gain_high",
            "brier_gain",
            "brier_gain_low",
            "brier_gain_high",
            "model_version",
        ],
    ),
    "model_reliability": (
        ["target", "horizon_days", "slice_kind", "slice", "bin"],
        [
            "rows",
            "mean_prediction",
            "observed_rate",
            "slice_rows",
            "ece",
            "chance_limit",
            "badly_calibrated",
            "model_version",
        ],
    ),
    "model_drift": (
        ["target", "horizon_days", "feature"],
        ["psi", "auc", "alarm_limit", "alarm", "model_version"],
    ),
    "audiences": (["audience"], ["title", "rule", "size", "expected_outcome"]),
    "audience_members": (["audience", "customer_id"], ["group", "entered_at"]),
    "data_quality": (["check"], ["table", "result", "observed", "expected"]),
    "quarantine": (["entity", "file", "row", "column"], ["reason"]),
}
# What Great Expectations judges whole; a check lives there or in dbt, not in both.
JUDGED_AT_A_BORDER = {"landing_summary", "customer_features", "customer_scores"}
# Every run executes them all: a new one replaces an old one, or is worth the time.
MOST_DATA_TESTS = 96

WALL_CLOCK = re.compile(
    r"\b(current_date|current_time|current_timestamp|localtimestamp|localtime|getdate|sysdate|run_started_at"
    r"|now\s*\(|today\s*\(|utcnow\s*\()",
    re.IGNORECASE,
)
ONE_ENGINE_ONLY = re.compile(
    r"\b(qualify\b|with\s+recursive\b|asof\b|exclude\s*\()|\*\s*replace\s*\(", re.IGNORECASE
)
RANKING = re.compile(r"\b(row_number|rank|dense_rank|lag|lead|first_value|last_value|ntile)\s*\(")


@cache
def models() -> dict[str, Path]:
    """Every model's SQL file."""
    found = {path.stem: path for path in sorted(MODELS.rglob("*.sql"))}
    assert len(found) > 60
    return found


@cache
def read_yaml(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


@cache
def declared(kind: str = "models") -> dict[str, dict[str, Any]]:
    """The entries of one kind in all yml files, by name; each name is declared once."""
    entries: dict[str, dict[str, Any]] = {}
    for path in sorted(PROJECT.rglob("*.yml")):
        if "target" not in path.parts:
            for entry in read_yaml(path).get(kind) or [] if path.parent != PROJECT else []:
                assert entry["name"] not in entries, f"{entry['name']} is declared twice"
                entries[entry["name"]] = entry
    assert entries
    return entries


def code_of(path: Path) -> str:
    """The text of an SQL file without its comments (dbt's `-- depends_on` included)."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"--[^\n]*", "", text)


def sql_files() -> list[Path]:
    found = [
        path
        for folder in ("models", "macros", "tests")
        for path in (PROJECT / folder).rglob("*.sql")
    ]
    assert len(found) > len(models())
    return sorted(found)


def grain_of(text: str) -> str:
    """`One row per customer and tag` of `One row per customer and tag, with its evidence.`"""
    return re.split(r"[,:;.(]", " ".join(text.replace("-- ", "").split()), maxsplit=1)[0].strip()


def first_comment(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return " ".join(
        lines[: next(n for n, line in enumerate([*lines, ""]) if not line.startswith("--"))]
    )


@pytest.mark.parametrize("name", sorted(models()))
def test_a_model_says_its_grain_in_sql_and_in_yml(name: str) -> None:
    comment = first_comment(models()[name])
    assert comment.startswith("-- One row per "), f"{name}.sql starts without its grain"
    assert name in declared(), f"{name} is described in no yml file"
    assert grain_of(declared()[name]["description"]) == grain_of(comment)


def test_every_described_model_and_column_says_something() -> None:
    assert set(declared()) == set(models())
    for name, entry in declared().items():
        assert entry["columns"], f"{name} describes no column"
        for column in entry["columns"]:
            assert column.get("description"), f"{name}.{column['name']} has no description"


def test_every_source_says_who_writes_it() -> None:
    for source in declared("sources").values():
        assert source["description"].strip()
        for table in source["tables"]:
            assert table.get("description", "").strip(), f"{source['name']}.{table['name']}"
            # The names of the landing contract speak for themselves; design and README tell the rest.
            for column in table.get("columns") or [] if source["name"] != "landing" else []:
                assert column.get("description"), f"{table['name']}.{column['name']}"


WRITTEN_IN_PYTHON = ("control", "resolved", "scores", "judgements")
WRITTEN = re.compile(r"Written by `kith (\w+)(?: --part (\w+))?`")


@pytest.mark.parametrize("source", WRITTEN_IN_PYTHON)
def test_what_python_writes_names_the_step_and_what_it_reads(source: str) -> None:
    known = {*models(), *declared("sources"), *declared("seeds"), *declared("exposures")}
    tables = declared("sources")[source]["tables"]
    assert tables
    for table in tables:
        said = table["description"]
        found = WRITTEN.search(said)
        assert found, f"{source}.{table['name']} does not say which step writes it"
        assert found[1] in ml.cli.cli.commands
        assert found[2] is None or found[2] in PARTS
        parents = re.findall(r"\b(?:int|stg|fct|ftr|customer|landing|delivery)_\w+", said)
        assert set(parents) <= known, f"{source}.{table['name']} speaks of {parents}"


def exposed(kind: str | None = None) -> dict[str, set[str]]:
    """The models that each exposure (of one type) depends on."""
    return {
        name: set(re.findall(r"ref\('(\w+)'\)", " ".join(entry["depends_on"])))
        for name, entry in declared("exposures").items()
        if kind in (None, entry["type"])
    }


def test_every_target_has_its_exposure_and_every_exposed_model_its_target() -> None:
    targets = read_targets()
    assert targets
    assert set(exposed("ml")) == {model_name(target) for target in targets}
    for target in targets:
        entry = declared("exposures")[model_name(target)]
        assert entry["config"]["meta"] == {
            "target": target.name,
            "horizon_days": target.horizon_days,
            "comes_back_as": [f"scores.{table['name']}" for table in declared("sources")["scores"]["tables"]],
        }  # fmt: skip
        assert f"{target.horizon_days}" in entry["description"]
        assert {"customer_features", "customer_labels"} <= exposed("ml")[entry["name"]]


def test_every_published_table_is_of_use_to_somebody() -> None:
    used = [tables for name, tables in exposed().items() if name not in exposed("ml")]
    assert set().union(*used) == set(PUBLISHED)


def test_every_exposure_says_whose_it_is_and_what_for() -> None:
    for name, entry in declared("exposures").items():
        assert entry["owner"]["name"], name
        assert entry["maturity"] in ("high", "medium", "low"), name
        assert entry["label"], name
        assert len(entry["description"]) > 80, name
        assert exposed()[name] <= set(models()), name


def test_no_sql_reads_the_wall_clock() -> None:
    seeds = sorted((PROJECT / "seeds").glob("*.csv"))
    assert seeds
    for path in sql_files() + seeds:
        found = WALL_CLOCK.search(code_of(path))
        assert found is None, f"{path.name} reads the wall clock: {found and found[0]}"


def test_sql_is_what_both_engines_take() -> None:
    for path in sql_files():
        found = ONE_ENGINE_ONLY.search(code_of(path))
        assert found is None, f"{path.name} says '{found and found[0]}'"


@pytest.mark.parametrize(
    "text",
    ["select now()", "where d < CURRENT_DATE", "today ( )", "cast(current_timestamp as date)"],
)
def test_the_wall_clock_is_recognised(text: str) -> None:
    assert WALL_CLOCK.search(text)


@pytest.mark.parametrize(
    "text",
    [
        "qualify x = 1",
        "with recursive a as",
        "asof join b",
        "* exclude (a)",
        "* EXCLUDE(a)",
        "* replace (1 as a)",
    ],
)
def test_what_one_engine_only_takes_is_recognised(text: str) -> None:
    assert ONE_ENGINE_ONLY.search(text)
    assert not ONE_ENGINE_ONLY.search("replace(as_of_date, 'a', 'b')")


def test_the_project_is_no_python_package() -> None:
    # dbt imports top-level dbt_* modules: an __init__.py would make this folder one of them.
    assert list(PROJECT.rglob("__init__.py")) == []


@cache
def macro_bodies() -> dict[str, str]:
    bodies: dict[str, str] = {}
    for path in sorted((PROJECT / "macros").glob("*.sql")):
        found = re.finditer(
            r"\{%-? macro (\w+)\(.*?%\}(.*?)\{%-? endmacro -?%\}",
            path.read_text(encoding="utf-8"),
            re.DOTALL,
        )
        bodies.update({macro[1]: macro[2] for macro in found})
    assert len(bodies) > 30
    return bodies


def parents_of(text: str) -> Iterator[tuple[str, str]]:
    """(kind, name) of every literal ref and source of a text and of the macros it calls."""
    for name in re.findall(r"\bref\(\s*['\"](\w+)['\"]\s*\)", text):
        yield "model", name
    for name in re.findall(r"\bsource\(\s*['\"](\w+)['\"]", text):
        yield "source", name
    for macro in set(re.findall(r"\b(\w+)\(", text)) & set(macro_bodies()):
        yield from parents_of(macro_bodies()[macro])


def folder_of(path: Path) -> str:
    return path.relative_to(MODELS).parts[0]


def test_the_flow_goes_one_way() -> None:
    homes = {("model", name): folder_of(path) for name, path in models().items()}
    for path in MODELS.rglob("*.yml"):
        homes.update(
            {
                ("source", entry["name"]): folder_of(path)
                for entry in read_yaml(path).get("sources") or []
            }
        )
    seeds = {("model", path.stem) for path in (PROJECT / "seeds").glob("*.csv")}
    checked = 0
    for name, path in models().items():
        folder = folder_of(path)
        for parent in set(parents_of(path.read_text(encoding="utf-8"))) - seeds:
            there = homes[parent]
            checked += 1
            assert there == folder or FLOW[there] < FLOW[folder], (
                f"{name} ({folder}) reads {parent[1]} ({there})"
            )
    assert checked > 150


def test_the_published_tables_are_those_of_the_contract() -> None:
    assert {path.stem for path in (MODELS / "published").glob("*.sql")} == set(PUBLISHED)


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_a_published_table_has_the_key_and_columns_of_the_contract(name: str) -> None:
    entry = declared()[name]
    key, others = PUBLISHED[name]
    columns = [column["name"] for column in entry["columns"]]
    assert entry["config"]["contract"]["enforced"] is True
    assert entry["config"]["meta"]["key"] == key
    assert set(key) <= set(columns)
    if others:
        assert set(columns) == {*key, *others}
    if name not in JUDGED_AT_A_BORDER:
        assert {"unique_key": {"arguments": {"columns": key}}} in entry["data_tests"]


@pytest.mark.parametrize(
    "name", ["customer_map", "fct_orders", "fct_shares", "fct_interactions", "customer_labels"]
)
def test_what_others_build_on_has_an_enforced_contract(name: str) -> None:
    entry = declared()[name]
    assert entry["config"]["contract"]["enforced"] is True
    assert all(column["data_type"] for column in entry["columns"])


def windows_of(code: str) -> Iterator[tuple[str, str]]:
    """(function, window) of every ranking function: what stands in the parentheses of its `over`."""
    for found in RANKING.finditer(code):
        start = closing(code, found.end())
        over = re.match(r"\s*over\s*\(", code[start:])
        assert over, f"{found[1]} without a window near: {code[found.start() : found.start() + 80]}"
        begin = start + over.end()
        yield found[1], code[begin : closing(code, begin) - 1]


def closing(code: str, position: int) -> int:
    """The place after the parenthesis that closes the one opened just before `position`."""
    depth = 1
    while depth:
        depth += {"(": 1, ")": -1}.get(code[position], 0)
        position += 1
    return position


def test_every_ranking_has_an_order() -> None:
    checked = 0
    for path in sql_files():
        for function, window in windows_of(code_of(path)):
            checked += 1
            assert "order by" in window, (
                f"{path.name}: {function}() over ({' '.join(window.split())})"
            )
    assert checked > 15


def data_tests_of(entry: dict[str, Any]) -> list[Any]:
    tests = list(entry.get("data_tests") or [])
    for column in entry.get("columns") or []:
        tests += column.get("data_tests") or []
    return tests


def test_no_check_lives_at_a_border_and_in_dbt() -> None:
    assert set(models()) >= JUDGED_AT_A_BORDER
    for name in JUDGED_AT_A_BORDER:
        assert data_tests_of(declared()[name]) == [], f"{name} is judged by Great Expectations"


def test_data_tests_stay_few() -> None:
    entries = [*declared().values(), *declared("seeds").values()]
    count = sum(len(data_tests_of(entry)) for entry in entries) + len(
        list((PROJECT / "tests").glob("*.sql"))
    )
    assert 40 < count <= MOST_DATA_TESTS


def test_unit_tests_state_the_landing_contract_as_it_is() -> None:
    landing = {table["name"]: table for table in declared("sources")["landing"]["tables"]}
    others = {"int_identity__profile_states": "profiles"}
    stated = {
        others.get(entry["model"], entry["model"].removeprefix("fct_")): entry["overrides"][
            "macros"
        ]["contract_of"]
        for entry in declared("unit_tests").values()
        if "contract_of" in entry.get("overrides", {}).get("macros", {})
    }
    assert set(stated) >= {"orders", "shares", "interactions"}
    for entity, contract in stated.items():
        meta = landing[entity].get("config", {}).get("meta", {})
        assert contract.get("meta", {}) == meta
        names = {column["name"] for column in contract["columns"]}
        real = {column["name"] for column in landing[entity]["columns"]}
        assert names <= real
        assert meta or names == real, "without a key the whole row is the key"
