"""What needs the warehouse of a built project: dbt's unit tests, its data tests, the words of its features."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ml.data.warehouse import connect
from ml.errors import KithError
from ml.home import Home
from ml.run import Run
from ml.serve.docs import write_docs
from ml.serve.phrases import phrase_for
from ml.serve.portrait import broken_tags
from ml.serve.score import score_customers
from ml.serve.tables import build_tables
from ml.transform import dbt_command, dbt_environment, run_models
from tests.conftest import REPOSITORY, Built, build_world, write_csv
from tests.dbt.test_project_rules import FLOW, declared
from tests.dbt.test_tags import PERSONAL, rules

DAY = date(2024, 6, 1)
PARTS = ["landing", "identity", "events", "features", "labels"]
KEYS = ["ann", "bob", "cid", "dee"]


def write_tiny_brand(landing: Path) -> None:
    """A few facts of every entity, so that no table is empty for want of rows."""
    person = [{"source": "web", "source_key": key} for key in KEYS]
    days = [f"2024-0{1 + number % 5}-1{number % 9} 10:00:00" for number in range(12)]
    orders = [
        {**person[number % 4], "order_id": f"o{number}", "occurred_at": day, "amount": number + 1}
        for number, day in enumerate(days)
    ]
    returned = {**orders[0], "status": "returned", "known_at": "2024-03-01 10:00:00"}
    guest = {"source": "web", "order_id": "guest", "occurred_at": days[0], "amount": 5}
    share = {"source": "web", "inviter_key": "ann", "occurred_at": "2024-02-01 10:00:00"}
    rows: dict[str, list[dict[str, Any]]] = {
        "orders": [*orders, returned, guest],
        "order_lines": [
            {"source": "web", "order_id": f"o{number}", "line_no": 1, "product_id": "tea", "quantity": 1, "amount": 2}
            for number in range(12)
        ],
        "products": [{"product_id": "tea", "category": "drinks"}],
        "profiles": [
            {**one, "known_at": days[0], "name": one["source_key"], "email": f"{one['source_key']}@mail.org"}
            for one in person
        ],
        "identifiers": [
            {**one, "id_type": "card", "id_value": "12-34", "known_at": days[1]} for one in person[:2]
        ],
        "links": [
            {"left_source": "web", "left_key": "ann", "right_source": "web", "right_key": "bob",
             "decision": "different", "known_at": "2024-04-01 10:00:00"},
        ],
        "interactions": [{**one, "occurred_at": day, "kind": "view"} for one, day in zip(person, days, strict=False)],
        "shares": [
            {**share, "share_id": "s1", "invitee_key": "eve", "outcome": "joined"},
            {**share, "share_id": "s1", "invitee_key": "eve", "outcome": "ordered", "known_at": days[2]},
        ],
        "contacts": [
            {**person[0], "contact_id": "c1", "channel": "email", "occurred_at": days[3], "outcome": "opened"},
        ],
        "consents": [
            {**person[0], "purpose": "email", "granted": "yes", "occurred_at": days[0]},
            {**person[3], "purpose": "profiling", "granted": "no", "occurred_at": days[0]},
        ],
        "measurements": [{**person[0], "metric": "steps", "value": 5, "occurred_at": days[4]}],
    }  # fmt: skip
    for entity, entity_rows in rows.items():
        write_csv(landing, entity, entity_rows)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    root = tmp_path_factory.mktemp("tiny")
    write_tiny_brand(root / "landing")
    world = build_world(root / "landing", root / "home", DAY, PARTS)
    score_customers(world.run)
    build_tables(world.run)
    return world


def run_dbt_tests(home: Home, kind: str) -> dict[str, str]:
    """Run all tests of one kind; gives the status of each by its name."""
    command = dbt_command(home, DAY, "test", "--select", f"test_type:{kind}")
    done = subprocess.run(
        command,
        env=dbt_environment(home),
        cwd=home.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout[-4000:]
    results = json.loads((home.warehouse / "dbt" / "run_results.json").read_text(encoding="utf-8"))[
        "results"
    ]
    statuses = {
        result["unique_id"].split(".")[-1 if kind == "unit" else 2]: result["status"]
        for result in results
    }
    assert len(statuses) == len(results)
    (home.logs / f"{kind}.log").write_text(done.stdout, encoding="utf-8")
    return statuses


def test_every_declared_unit_test_ran_and_passed(built: Built) -> None:
    statuses = run_dbt_tests(built.run.home, "unit")
    wanted = dict.fromkeys(declared("unit_tests"), "pass")
    assert len(wanted) >= 20
    assert statuses == wanted, (built.run.home.logs / "unit.log").read_text(encoding="utf-8")


BREAKAGES = {
    "insert into identity.customer_map select * replace (valid_from - 1 as valid_from) "
    "from identity.customer_map limit 1": {"customer_map_has_no_gap_and_no_overlap"},
    "delete from identity.int_identity__customers_now where source_key = 'bob'": {
        "every_record_is_one_customer_now",
        "relationships_fct_orders_record_no__record_no__ref_int_identity__customers_now_",
        "relationships_fct_interactions_record_no__record_no__ref_int_identity__customers_now_",
    },
    "update events.fct_consents set known_at = '2024-06-01 00:00:00'": {"no_fact_lies_beyond_as_of_date"},
    "update events.fct_orders set status = 'lost' where order_id = 'guest'": {
        "accepted_values_fct_orders_status__completed__cancelled__returned",
    },
    "insert into events.fct_shares select * from events.fct_shares limit 1": {
        "unique_key_fct_shares_source__share_id__visible_on",
    },
    "update published.customer_tags set tag = null": {"unique_key_customer_tags_customer_id__tag"},
    "insert into labels.customer_labels select customer_id, date '2024-05-31', target, horizon_days, label "
    "from labels.customer_labels limit 1": {"no_label_window_is_open"},
    "update seeds.survivorship_rules set rule = 'newest' where rule = 'usual_form'": {
        "survivorship_rules_name_known_rules",
    },
    "update seeds.survivorship_rules set unit = 'mail' where unit = 'email'": {
        "survivorship_rules_speak_of_known_units",
    },
    "insert into seeds.source_priority values ('web', 'mail', 1), ('web', 'mail', 2)": {
        "source_priority_speaks_of_known_units", "unique_key_source_priority_source__unit",
    },
    'insert into published.quarantine ("entity", "file", "row", "column") '
    "values ('orders', 'a.csv', 1, 'amount'), ('orders', 'a.csv', 1, 'amount')": {
        "unique_key_quarantine_entity__file__row__column",
    },
}  # fmt: skip


def test_data_tests_find_what_is_broken(built: Built, tmp_path: Path) -> None:
    home = Home(shutil.copytree(built.run.home.root, tmp_path / "home"))
    with connect(home) as connection:
        for statement in BREAKAGES:
            connection.execute(statement)
    statuses = run_dbt_tests(home, "data")
    failed = {name for name, status in statuses.items() if status != "pass"}
    assert failed == set().union(*BREAKAGES.values())


def test_rows_that_must_be_equal_are_looked_up(built: Built) -> None:
    """An equality that holds only in some rows is none to the engine: it tries every pair of rows."""
    folder = built.run.home.warehouse / "dbt" / "compiled"
    compiled = [file for file in sorted(folder.rglob("*.sql")) if ".yml" not in str(file.parent)]
    assert len(compiled) > 150
    tried: dict[str, list[str]] = {}
    with connect(built.run.home, read_only=True) as connection:
        for file in compiled:
            query = f"explain (format json) {file.read_text(encoding='utf-8')}"
            ((_, plan),) = connection.execute(query).fetchall()
            equalities = [text for text in loops(json.loads(plan)) if re.search(r"\w = [^']", text)]
            if equalities:
                tried[file.name] = equalities
    assert tried == {}


def loops(plan: list[dict[str, Any]]) -> list[str]:
    """The conditions of joins that try every pair of rows, anywhere in a plan."""
    found = []
    for node in plan:
        if node["name"].startswith("BLOCKWISE_NL_JOIN"):
            found.append(str(node["extra_info"]["Condition"]))
        found += loops(node["children"])
    return found


def test_a_customer_shows_where_its_values_come_from(built: Built) -> None:
    found = built.rows(
        "select name, name_source, email, email_source, phone, phone_source from published.customers order by name"
    )
    shown = [(key, "web", f"{key}@mail.org", "web", None, None) for key in KEYS]
    assert found == [*shown, (None,) * 6]  # eve, of whom no record says who she is


@pytest.fixture(scope="module")
def faults_of_tags(built: Built) -> dict[str, str]:
    """What is wrong with tags of the catalogue, on the facts of the built brand."""
    (facts,) = built.rows(
        "select count(distinct facts) filter (facts in (select table_name from information_schema.tables)) "
        "- count(distinct facts) from seeds.tag_rules"
    )
    assert facts == (0,), "a tag whose facts are not built would not be looked at"
    with connect(built.run.home) as connection:
        return broken_tags(connection)


@pytest.mark.parametrize("tag", sorted(rules()))
def test_a_tag_can_be_computed_from_its_facts(faults_of_tags: dict[str, str], tag: str) -> None:
    assert faults_of_tags.get(tag) is None


def test_facts_of_tags_hold_no_personal_data(built: Built) -> None:
    rows = built.rows(
        "select table_name || '.' || column_name, column_name from information_schema.columns "
        "where table_schema = 'relationship' and table_name in (select facts from seeds.tag_rules)"
    )
    assert len(rows) > 150
    assert [name for name, column in rows if PERSONAL.fullmatch(str(column))] == []


BROKEN_TAGS = {
    "value = 'spent'": r"tag 'money_tier': Binder Error: Referenced column \"spent\" not found",
    "value = 'max(orders_count)'": "tag 'money_tier': Binder Error: column \"customer_no\" must appear",
    "evidence = 'cast(null as varchar)'": r"tag 'money_tier': \d+ values would stand without evidence",
    "facts = 'int_customer__favourites', value = 'choice', evidence = 'choice'":
        r"tag 'money_tier': \d+ customers would get",
}  # fmt: skip


@pytest.mark.parametrize("change", BROKEN_TAGS)
def test_a_row_that_is_no_tag_stops_the_run_by_its_name(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    home = Home(shutil.copytree(built.run.home.root, tmp_path / "home"))
    with connect(home) as connection:
        connection.execute(f"update seeds.tag_rules set {change} where tag = 'money_tier'")

    def stopped(*_: object) -> None:
        raise KithError("Building int_customer__tags in the warehouse failed")

    monkeypatch.setattr("ml.serve.tables.run_models", stopped)
    run = Run(home, built.run.landing, DAY, built.run.targets, lambda _: None)
    with pytest.raises(KithError, match=BROKEN_TAGS[change]) as failure:
        build_tables(run)
    assert str(failure.value).count("tag '") == 1


def test_every_row_that_cannot_be_a_tag_is_named(built: Built, tmp_path: Path) -> None:
    home = Home(shutil.copytree(built.run.home.root, tmp_path / "home"))
    with connect(home) as connection:
        connection.execute(
            "insert into seeds.tag_rules values ('a b', 't', 'm', 'int_customer__activity', '1', 'ever', '1'), "
            "('there', 't', 'm', 'nowhere', '1', 'ever', '1'), "
            "('mute', 't', 'm', 'int_customer__activity', '1', 'ever', null), "
            "('roles', 't', 'm', 'int_customer__activity', '1', 'ever', '1')"
        )
    with pytest.raises(KithError, match="int_customer__tags in the warehouse failed") as failure:
        run_models(home, DAY, ["int_customer__tags"], lambda _: None)
    for words in (
        "tag 'a b'",
        "tag 'there' on the facts 'nowhere'",
        "tag 'mute'",
        "tag 'roles' twice",
    ):
        assert words in str(failure.value)


TWIN = 1_000_000
# Each fact again, of a person with another number; whose record it is decides on the person of a reading.
TWINS = {
    "relationship.int_customer__orders": ["customer_no", "order_id"],
    "relationship.int_customer__order_lines": ["customer_no", "order_id"],
    "relationship.int_customer__interactions": ["customer_no"],
    "relationship.int_customer__shares": ["inviter_no", "invitee_no", "share_id"],
    "relationship.int_customer__contacts": ["customer_no", "contact_id"],
    "relationship.int_customer__roles": ["customer_no", "customer_id"],
    "events.fct_measurements": ["record_no"],
    "events.int_customer__consents": ["customer_no", "customer_id"],
    "events.int_customer__refusals": ["customer_no", "customer_id"],
    "identity.int_identity__customers_now": ["record_no", "customer_no", "customer_id"],
}


def test_two_customers_with_one_history_have_one_portrait(built: Built, tmp_path: Path) -> None:
    home = Home(shutil.copytree(built.run.home.root, tmp_path / "home"))
    with connect(home) as connection:
        for table, columns in TWINS.items():
            shifted = ", ".join(
                f"{column} || 'twin' as {column}"
                if column.endswith("_id")
                else f"{column} + {TWIN} as {column}"
                for column in columns
            )
            connection.execute(f"insert into {table} select * replace ({shifted}) from {table}")
    left_out = (
        "int_customer__roles int_customer__role_labels int_customer__sales int_customer__household"
    )
    run_models(
        home,
        DAY,
        ["path:models/relationship/portrait", "--exclude", *left_out.split()],
        lambda _: None,
    )
    with connect(home) as connection:
        told = connection.execute(
            "select count(*) from relationship.int_customer__tags "
            "group by replace(customer_id, 'twin', ''), tag, tag_value, evidence"
        ).fetchall()
        unique = connection.execute(
            "select unique_portraits_count from relationship.int_brand__unique_portraits"
        ).fetchone()
    assert len(told) > 100
    assert set(told) == {(2,)}
    assert unique == (0,)


def embedded(page: str) -> dict[str, Any]:
    """The manifest and the catalog that dbt wrote into its page."""
    found = {}
    for name, start in (
        ("manifest", '"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest'),
        ("catalog", '"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog'),
    ):
        assert page.count(start) == 1
        found[name], _ = json.JSONDecoder().raw_decode(page, page.index(start) - 1)
    return found  # fmt: skip


def test_the_page_of_the_project_shows_the_lineage_and_no_data(built: Built) -> None:
    home, page = built.run.home, built.run.home.dbt_docs / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("the old page")
    write_docs(built.run)
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]
    text = page.read_text(encoding="utf-8")
    manifest, catalog = embedded(text).values()
    ends = {
        entry["name"]: set(entry["depends_on"]["nodes"]) for entry in manifest["exposures"].values()
    }
    assert set(ends) == set(declared("exposures"))
    assert ends["score_export"] == {"model.kith.customer_scores", "model.kith.purchase_timing"}
    # What says how far to trust a model comes from the model's own files, which no SQL makes.
    of_models = {"trust_in_models"}
    assert reaches(manifest["child_map"], "source.kith.landing.orders") >= {
        f"exposure.kith.{name}" for name in set(declared("exposures")) - of_models
    }
    overview = manifest["docs"]["doc.kith.__overview__"]["block_contents"]
    assert {folder for folder in FLOW if f"| {folder} |" not in overview} == set()
    described = {name for name in manifest["nodes"] if name.startswith("model.")}
    assert set(catalog["nodes"]) >= described
    # Opened from a disk it asks nobody for anything, and tells nobody that it was opened.
    assert not re.search(r"<(?:script|link|img)[^>]*(?:src|href)=.?[\"']https?:", text)
    assert manifest["metadata"]["send_anonymous_usage_stats"] is False
    told = json.dumps([manifest, catalog])
    for place in (home.root, REPOSITORY):
        assert str(place) not in told
    for key in KEYS:
        assert f"{key}@mail.org" not in text


def test_the_page_names_every_column_that_python_writes(built: Built) -> None:
    for source in ("resolved", "scores"):
        for table in declared("sources")[source]["tables"]:
            found = built.rows(
                "select column_name from information_schema.columns where table_schema = ? and table_name = ? "
                "order by ordinal_position",
                [source, table["name"]],
            )
            assert [name for (name,) in found] == [column["name"] for column in table["columns"]]


def test_a_page_that_cannot_be_written_leaves_the_old_one(built: Built, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(built.run.home.warehouse, home.warehouse)
    page = home.dbt_docs / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("the old page")
    home.database.write_text("no database")
    with pytest.raises(KithError, match="in the warehouse failed"):
        write_docs(Run(home, built.run.landing, DAY, built.run.targets, lambda _: None))
    assert page.read_text() == "the old page"


def reaches(children: dict[str, list[str]], start: str) -> set[str]:
    """Everything downstream of a node."""
    found, waiting = set(), [start]
    while waiting:
        for child in children.get(waiting.pop(), []):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def feature_names(built: Built) -> list[str]:
    rows = built.rows(
        "select column_name from information_schema.columns where table_schema = 'features' "
        "and table_name = 'customer_features' and column_name not in ('customer_id', 'as_of_date')"
    )
    assert len(rows) > 100
    return [str(name) for (name,) in rows]


def test_every_feature_is_told_in_words(built: Built) -> None:
    catch_all = phrase_for("nobody_has_thought_of_it")
    assert catch_all.words == "nobody has thought of it is {value}"
    for feature in feature_names(built):
        phrase = phrase_for(feature)
        assert not phrase.words.endswith(" is {value}"), f"{feature}: {phrase.words}"
        for value in (math.nan, 0.0, 1.0, 2.5, 1234.0):
            told = phrase.tell(value)
            assert told.strip(), feature
            assert not re.search(r"[{}_]|\bnan\b", told), f"{feature}: {told}"


def test_one_is_told_in_the_singular(built: Built) -> None:
    # "1 times the usual" is how a factor is said.
    for feature in feature_names(built):
        for value in (0.0, 1.0):
            told = phrase_for(feature).tell(value)
            plural = re.search(r"(?<![\d.,])1 (?!times\b)(\w+ )?\w+(?<!s)s\b", told)
            assert plural is None, f"{feature}: {told}"
