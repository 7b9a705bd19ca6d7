"""Features against a second implementation in plain Python, on a random brand at two cut-offs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from datetime import date

import pandas as pd
import pytest

from ml.data import build
from ml.data.feature_families import present_families
from ml.data.warehouse import connect, frame
from ml.learn import catalogue
from ml.learn.definition import definition_hash
from ml.learn.training_rows import feature_families, slices_of
from tests.conftest import Built, build_world
from tests.features import buying, doing
from tests.features.oracle import Seen
from tests.features.worlds import CUTOFFS, DAY, TARGETS, World, random_world

OF_BUYING = (
    *("orders", "recency", "peers", "regularity", "hazard", "past_orders"),
    *("baskets", "categories", "prices", "list_prices"),
)
OF_DOING = (
    *("interactions", "store", "service", "reviews", "messages", "devices"),
    *("shares", "neighbours", "past_shares", "standing", "calendar"),
)
FAMILIES: dict[str, Callable[[Seen, str], buying.Values]] = {
    **{name: getattr(buying, name) for name in OF_BUYING},
    **{name: getattr(doing, name) for name in OF_DOING},
}


@pytest.fixture(scope="module")
def world() -> World:
    return random_world(6)


@pytest.fixture(scope="module")
def built(world: World, tmp_path_factory: pytest.TempPathFactory) -> Built:
    landing = tmp_path_factory.mktemp("landing")
    world.write(landing)
    settings = 'label_lag_days = 0\ncurrency = "GBP"\n'
    home = tmp_path_factory.mktemp("home")
    done = build_world(landing, home, DAY, ["landing", "identity", "events"], settings, TARGETS)
    build.build_cutoffs(done.run, [("share", 7, cutoff) for cutoff in CUTOFFS])
    return done


@pytest.fixture(scope="module")
def features(built: Built) -> dict[date, pd.DataFrame]:
    with connect(built.run.home, read_only=True) as connection:
        return {
            cutoff: frame(
                connection,
                "from features.customer_features where as_of_date = ? order by customer_id",
                [cutoff],
            ).set_index("customer_id")
            for cutoff in CUTOFFS
        }


@pytest.fixture(scope="module")
def seen(built: Built, world: World) -> dict[date, Seen]:
    found = {}
    for cutoff in CUTOFFS:
        rows = built.rows(
            "select source_key, customer_id from identity.customer_map "
            "where valid_from <= ? and (valid_to is null or valid_to > ?)",
            [cutoff, cutoff],
        )
        found[cutoff] = Seen(world, cutoff, dict(rows))
    return found


def differences(told: pd.DataFrame, expected: dict[str, buying.Values]) -> Iterator[str]:
    """Where the warehouse and the oracle disagree by more than 32 bits explain."""
    for customer, values in expected.items():
        for name, value in values.items():
            found = float(told.at[customer, name])
            wanted = math.nan if value is None else float(value)
            same = math.isclose(found, wanted, rel_tol=2e-5, abs_tol=2e-5)
            if not same and not (math.isnan(found) and math.isnan(wanted)):
                yield f"{customer} {name}: {found}, and the oracle says {wanted}"


def test_the_world_holds_what_it_is_for(seen: dict[date, Seen], world: World) -> None:
    early, late = (seen[cutoff] for cutoff in CUTOFFS)
    assert early.customers["k0"] == early.customers["k1"]
    assert early.customers["k2"] != early.customers["k3"]
    assert late.customers["k2"] == late.customers["k3"]
    assert sum(row["known_at"].date() > row["occurred_at"].date() for row in world.orders) > 20
    assert any(len(early.order_days(one)) > 10 for one in early.completed)
    assert {"returned"} < {row["status"] for rows in late.orders.values() for row in rows}


@pytest.mark.parametrize("cutoff", CUTOFFS, ids=str)
@pytest.mark.parametrize("family", FAMILIES)
def test_features_are_the_oracles(
    features: dict[date, pd.DataFrame], seen: dict[date, Seen], family: str, cutoff: date
) -> None:
    told = features[cutoff]
    assert len(told) > 15
    expected = {customer: FAMILIES[family](seen[cutoff], customer) for customer in told.index}
    names = {name for values in expected.values() for name in values}
    assert any(told[name].nunique() > 1 for name in names)
    assert list(differences(told, expected))[:5] == []


def test_every_family_has_its_oracle(built: Built) -> None:
    families = feature_families(built.run)
    assert set(families.values()) == {*FAMILIES, "tenure"}


def test_slices_are_what_they_say(built: Built, seen: dict[date, Seen]) -> None:
    with connect(built.run.home, read_only=True) as connection:
        everybody = frame(
            connection, "select customer_id, as_of_date from features.customer_slices"
        )
    table = slices_of(built.run, everybody)
    assert len(table) == len(everybody) > 0
    assert len(slices_of(built.run, everybody.head(7))) == 7
    assert table["gender"].nunique() == 2
    assert table["age_band"].nunique() == 2
    assert {"new", "heavy", "light"} & set(table["experience"])
    for row in table.itertuples():
        days = seen[row.as_of_date.date()].order_days(row.customer_id)
        assert (row.experience == "none") == (not days)
        assert (row.experience == "new") == (bool(days) and max(days) <= 90)


def test_a_family_that_is_off_or_lacks_an_entity_leaves_no_column_and_a_new_row_is_a_feature(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(feature_families(built.run))
    target = built.run.targets[0]
    former = definition_hash(built.run, target)
    changed = dict(catalogue.families())
    changed["store"] = dataclasses.replace(changed["store"], is_switched_on=False)
    changed["devices"] = dataclasses.replace(changed["devices"], needs=frozenset({"links"}))
    monkeypatch.setattr("ml.data.feature_families.families", lambda: changed)
    with connect(built.run.home) as connection:
        connection.execute(
            "insert into seeds.feature_catalogue (family, part, feature, windows, sql, when_empty) values "
            "('orders', 'days', 'dear_orders_count_{days}d', '30|90', "
            "'sum(case when days_ago <= {days} and amount > 50 then orders else 0 end)', 'zero')"
        )
    build.build_cutoffs(built.run, [("share", 7, CUTOFFS[0])])
    after = feature_families(built.run)
    assert {
        "dear_orders_count_30d": "orders",
        "dear_orders_count_90d": "orders",
    }.items() <= after.items()
    gone = {
        name
        for name in before
        if name.startswith(("store_", "days_since_last_store", "last_store", "reading"))
    }
    gone |= {"days_since_last_reading"}
    assert before - set(after) == gone
    assert set(after) - before == {"dear_orders_count_30d", "dear_orders_count_90d"}
    columns = {
        name
        for (name,) in built.rows(
            "select column_name from information_schema.columns where table_name = 'customer_features'"
        )
    }
    assert columns - {"customer_id", "as_of_date"} == set(after)
    assert built.value("select count(*) from features.ftr_customer__store") == 0
    assert (
        built.value("select count(distinct dear_orders_count_90d) from features.customer_features")
        > 1
    )
    assert (
        built.value(
            "select count(*) - count(dear_orders_count_90d) from features.customer_features"
        )
        == 0
    )
    # Snapshots of other families are not kept, and a model of other families may not serve.
    assert built.rows("select distinct as_of_date from features.customer_features") == [
        (CUTOFFS[0],)
    ]
    assert definition_hash(built.run, target) != former
    with connect(built.run.home, read_only=True) as connection:
        assert {"store", "devices"} & set(present_families(connection)) == set()
