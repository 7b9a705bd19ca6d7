"""Levels, funnel, cohorts, referral credit, rewards and tags against a second implementation: plain Python over rows.

One brand of three hundred people at random, built for two days in one home, five weeks apart: thresholds are a brand's
own, so worlds cannot stand side by side. Facts of after the second day lie in the landing zone all the time.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ml.data.warehouse import connect
from ml.run import Run
from ml.serve.tables import build_tables
from tests.conftest import Built, write_csv
from tests.relationship.brand import Brand
from tests.relationship.moments import Moment, built_moment, differences
from tests.relationship.recomputed_funnel import cohorts, funnel, moves
from tests.relationship.recomputed_levels import NAMES, bars
from tests.relationship.recomputed_referrals import pot
from tests.relationship.recomputed_tags import TAGS
from tests.relationship.worlds import random_brand

pytestmark = pytest.mark.slow

DAY = date(2024, 9, 12)
LATER = DAY + timedelta(weeks=5)
PEOPLE = 300
REWARD_SHARE = Decimal("0.07")
SETTINGS = f"label_lag_days = 0\nreward_share = {REWARD_SHARE}\n"
WEIGHTS = [Decimal("0.6"), Decimal("0.3"), Decimal("0.1")]
# Tags that say one thing or nothing.
ONE_WORD = {"looks_only", "sells"}
LEVEL_COLUMNS = "as_of_date, customer_id, level, previous_level, since, days_stood, moved, reason"


@pytest.fixture(scope="module")
def brand() -> Brand:
    return random_brand(5, PEOPLE)


@pytest.fixture(scope="module")
def first(brand: Brand, tmp_path_factory: pytest.TempPathFactory) -> Moment:
    root = tmp_path_factory.mktemp("relationship")
    for entity, rows in brand.rows.items():
        write_csv(root / "landing", entity, rows)
    return built_moment(brand, root / "landing", root / "home", DAY, SETTINGS)


@pytest.fixture(scope="module")
def later(brand: Brand, first: Moment, tmp_path_factory: pytest.TempPathFactory) -> Moment:
    run = first.built.run
    home = tmp_path_factory.mktemp("later") / "home"
    shutil.copytree(run.home.root, home)
    return built_moment(brand, run.landing, home, LATER, SETTINGS)


@pytest.fixture(params=["first", "later"])
def moment(request: pytest.FixtureRequest) -> Moment:
    found: Moment = request.getfixturevalue(request.param)
    return found


def test_the_brand_holds_what_it_is_for(later: Moment) -> None:
    known, tree, history = later.known, later.tree, later.history
    turns = [moves(history[day - timedelta(7)], history[day], level)
             for day in list(history)[1:] for level in range(len(NAMES))]  # fmt: skip
    totals = [sum(column) for column in zip(*turns, strict=True)]
    assert min(totals) > 10, totals
    kept = 0
    for day in list(history)[-10:]:
        reach, _ = bars(later.at(day))
        kept += sum(one.level > reach.highest(who) for who, one in history[day].items())
    assert kept > 10
    joins = [share for share in known.shares if share.joins]
    assert len(joins) > len(tree.credited) + 50
    assert any(share.receiver is None for share in known.shares)
    assert any(share.receiver == share.sender for share in known.shares)
    instants = [(share.at, share.receiver) for share in joins]
    assert len(set(instants)) < len(instants)
    assert max(len(tree.ancestors(who)) for who in tree.credited) >= 4
    assert {order.amount <= 0 for orders in tree.orders.values() for order in orders} == {
        True,
        False,
    }
    assert any(row["occurred_at"].date() >= LATER for row in later.brand.rows["orders"])
    assert len(known.refusers) > 10


def test_levels(moment: Moment) -> None:
    found = moment.table("customer_levels", 2, LEVEL_COLUMNS)
    expected = {
        (day, who): (NAMES[one.level], None if one.previous is None else NAMES[one.previous], one.since,
                     one.days_stood, one.moved, one.reason)
        for day, standings in moment.history.items()
        for who, one in standings.items()
    }  # fmt: skip
    assert differences(found, expected) == {}


def test_customers_show_the_level_of_the_last_monday(moment: Moment) -> None:
    last = moment.history[max(moment.history)]
    expected = {
        who: (NAMES[last[who].level], last[who].since, (moment.known.day - last[who].since).days)
        if who in last
        else ("none", None, None)
        for who in moment.known.customers
    }
    found = moment.table("customers", 1, "customer_id, level, level_since, level_days")
    assert differences(found, expected) == {}


def test_weeks_that_were_built_stay(first: Moment, later: Moment) -> None:
    before, after = (one.table("customer_levels", 2, LEVEL_COLUMNS) for one in (first, later))
    assert differences({key: row for key, row in after.items() if key[0] <= DAY}, before) == {}
    assert any(said.startswith("relationship: 5 of ") for said in later.built.said)


def test_weeks_built_at_once_are_those_built_one_after_the_other(
    later: Moment, tmp_path: Path
) -> None:
    home = shutil.copytree(later.built.run.home.root, tmp_path / "home")
    run = Run.of(home, later.built.run.landing, LATER, None, lambda _: None)
    with connect(run.home) as connection:
        connection.execute("drop schema relationship cascade")
    build_tables(run)
    at_once = Moment(Built(run, []), later.brand)
    built, there = (one.table("customer_levels", 2, LEVEL_COLUMNS) for one in (at_once, later))
    assert differences(built, there) == {}


def test_funnel(moment: Moment) -> None:
    columns = (
        "as_of_date, level, customers_before, arrived, risen, fallen, risen_out, fallen_out, "
        '"left", gone, customers, brought, revenue_brought'
    )
    found = moment.table("relationship_funnel", 2, columns)
    expected = {
        key: tuple(vars(week).values())
        for key, week in funnel(moment.known, moment.history, moment.at).items()
    }
    assert differences(found, expected) == {}


def test_cohorts(moment: Moment) -> None:
    columns = "cohort_month, months_since, customers, active_customers, orders, amount, cumulative_amount, is_complete"
    found = moment.table("relationship_cohorts", 2, columns)
    expected = {key: tuple(vars(month).values()) for key, month in cohorts(moment.known).items()}
    assert differences(found, expected) == {}


def test_referrals(moment: Moment) -> None:
    columns = (
        "customer_id, inviter_id, source, share_id, brought_at, first_touch_at, first_touch_by_id, touches, "
        "generation, root_id, orders_count, revenue"
    )
    expected = {}
    for who in moment.tree.credited:
        one = moment.tree.referral(who)
        expected[who] = (
            one.inviter, one.share.source, one.share.share_id, one.share.at, one.first_touch.at, one.first_touch.sender,
            one.touches, one.generation, one.root, len(one.orders), one.revenue,
        )  # fmt: skip
    assert differences(moment.table("referrals", 1, columns), expected) == {}


def test_bringers(moment: Moment) -> None:
    columns = (
        "customer_id, reach, brought, brought_who_bought, downstream_people, tree_depth, revenue_brought, "
        "downstream_revenue, first_brought_at, last_brought_at"
    )
    tree, reach = moment.tree, moment.tree.reach()
    expected = {}
    for who, children in tree.children.items():
        below = tree.descendants(who)
        instants = [tree.credited[child].at for child in children]
        expected[who] = (
            reach[who], len(children), sum(bool(tree.orders[child]) for child in children), len(below),
            tree.depth_below(who), tree.revenue(children), tree.revenue(below), min(instants), max(instants),
        )  # fmt: skip
    assert differences(moment.table("bringers", 1, columns), expected) == {}


def test_customers_show_whom_they_brought(moment: Moment) -> None:
    tree, reach = moment.tree, moment.tree.reach()
    expected = {
        who: (
            reach.get(who, 0),
            len(tree.children.get(who, [])),
            tree.revenue(tree.children.get(who, [])),
        )
        for who in moment.known.customers
    }
    columns = "customer_id, people_reached_count, people_brought_count, revenue_brought"
    assert differences(moment.table("customers", 1, columns), expected) == {}


def test_rewards(moment: Moment) -> None:
    found = moment.table("reward_ledger", 3, "source, order_id, customer_id, generation, reward")
    expected = moment.tree.ledger(REWARD_SHARE, WEIGHTS)
    assert differences(found, expected) == {}


def test_rewards_of_an_order_are_its_pot(moment: Moment) -> None:
    paid: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for (source, order_id, _), (reward,) in moment.table(
        "reward_ledger", 3, "source, order_id, customer_id, reward"
    ).items():
        paid[source, order_id] += reward
    orders = [order for orders in moment.tree.orders.values() for order in orders]
    pots = {(order.source, order.order_id): pot(order.amount, REWARD_SHARE) for order in orders}
    assert dict(paid) == {key: amount for key, amount in pots.items() if amount}


def test_super_users(moment: Moment) -> None:
    """Staff who sell and bring may stand in the list beside them."""
    last = moment.history[max(moment.history)]
    supers = {who for who, one in last.items() if NAMES[one.level] == "super"}
    found = moment.table(
        "super_users", 1, "customer_id, role, rank, reach, brought, revenue_brought"
    )
    assert {who for who, row in found.items() if who in supers or row[0] != "super_staff"} == (
        supers & moment.known.customers
    ) - moment.known.refusers
    assert sorted(row[1] for row in found.values()) == list(range(1, len(found) + 1))
    tree, reach = moment.tree, moment.tree.reach()
    for who, (_, _, *told) in found.items():
        children = tree.children.get(who, [])
        assert told == [reach.get(who, 0), len(children), tree.revenue(children)]


@pytest.mark.parametrize("tag", sorted(TAGS))
def test_tags(moment: Moment, tag: str) -> None:
    found = {
        who: (value, evidence)
        for who, value, evidence in moment.built.rows(
            "select customer_id, value, evidence from published.customer_tags where tag = ?", [tag]
        )
    }
    expected = {who: told for (who, name), told in moment.tags.items() if name == tag}
    assert len({value for value, _ in expected.values()}) > (tag not in ONE_WORD)
    assert differences(found, expected) == {}


def test_who_refused_profiling_has_no_tags(moment: Moment) -> None:
    tagged = {
        row[0]
        for row in moment.built.rows("select distinct customer_id from published.customer_tags")
    }
    assert tagged == moment.known.customers - moment.known.refusers
