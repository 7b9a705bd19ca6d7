"""Trees of bringing and the rewards along them: the SQL against plain Python, on random forests and one long chain."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pyarrow as pa
import pytest

from ml.data.warehouse import connect
from ml.errors import KithError
from ml.home import SEEDS, Home
from ml.serve.audit import RULES
from ml.transform import run_models

DAY = date(2024, 6, 1)
CHAIN = 10_000
MODELS = [
    "int_referral_nodes",
    "int_referral_rounds",
    "int_referral_tree",
    "int_referral_ancestors",
    "reward_ledger",
]
TABLES = """
create schema control; create schema identity; create schema relationship; create schema seeds;
create table control.settings as select 0.07 as reward_share;
create table seeds.reward_rules as select * from read_csv('{seeds}/reward_rules.csv', header = true,
    types = {{'weight': 'decimal(9,4)'}});
create table relationship.int_referrals (inviter_no bigint, invitee_no bigint);
create table relationship.int_referral_revenue
    (invitee_no bigint, invitee_id varchar, source varchar, order_id varchar, amount decimal(18, 4),
    occurred_at timestamp);
create table relationship.int_referral_flags (invitee_no bigint, withholds_reward boolean);
create table identity.int_identity__customers_now as
    select n as record_no, 'c' || n as customer_id from range({people}) as numbers (n);
"""
Edge = tuple[int, int]


def random_forest(seed: int, people: int) -> list[Edge]:
    """(inviter, invitee): few tops, many branches, some long, some people who stand alone."""
    draw = random.Random(seed)
    return [
        (draw.randrange(max(0, person - draw.choice([2, 9, 900])), person), person)
        for person in range(1, people)
        if draw.random() < 0.9
    ]


def random_orders(seed: int, edges: list[Edge]) -> list[tuple[int, str, Decimal]]:
    """(buyer, order, amount) of some who were brought: cents and less, zero, and money back."""
    draw = random.Random(seed)
    return [
        (buyer, f"o{buyer}-{number}", Decimal(draw.choice([0, 1, 9, draw.randrange(-9_999, 999_999)])) / 10_000)
        for _, buyer in edges
        for number in range(draw.randrange(3))
    ]  # fmt: skip


EDGES = random_forest(5, 3_000) + list(pairwise(range(4_000, 4_000 + CHAIN)))
ORDERS = random_orders(6, EDGES)
DOUBTED = set(random.Random(7).sample([invitee for _, invitee in EDGES], 1_500))


def home_with(root: Path, edges: list[Edge]) -> Home:
    """A home whose warehouse holds who brought whom, what was ordered since, and nothing else."""
    home = Home(root)
    home.warehouse.mkdir(parents=True)
    with connect(home) as connection:
        connection.execute(TABLES.format(seeds=SEEDS, people=4_000 + CHAIN))
        connection.register(
            "edges",
            pa.table(
                dict(zip(("inviter_no", "invitee_no"), zip(*edges, strict=True), strict=True))
            ),
        )
        connection.execute("insert into relationship.int_referrals by name from edges")
        orders = pa.table(
            dict(zip(("invitee_no", "order_id", "amount"), zip(*ORDERS, strict=True), strict=True))
        )
        connection.register("orders", orders)
        connection.execute(
            "insert into relationship.int_referral_revenue by name "
            "select *, 'c' || invitee_no as invitee_id, 'web' as source, date '2024-05-01' as occurred_at from orders"
        )
        doubts = pa.table({"invitee_no": sorted(DOUBTED)})
        connection.register("doubts", doubts)
        connection.execute(
            "insert into relationship.int_referral_flags select invitee_no, invitee_no % 2 = 0 from doubts"
        )
    return home


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = home_with(tmp_path_factory.mktemp("trees"), EDGES)
    run_models(home, DAY, MODELS, lambda _: None)
    return home


def test_sums_of_trees_are_those_of_a_graph_library(built: Home) -> None:
    graph = nx.DiGraph(EDGES)
    own: dict[int, Decimal] = defaultdict(Decimal)
    for buyer, _, amount in ORDERS:
        own[buyer] += amount
    people, depth, revenue = {}, {}, {}
    for person in reversed(list(nx.topological_sort(graph))):
        below = list(graph.successors(person))
        people[person] = sum(people[one] + 1 for one in below)
        depth[person] = max((depth[one] + 1 for one in below), default=0)
        revenue[person] = sum((revenue[one] + own[one] for one in below), Decimal(0))
    top, generation = {}, {}
    for person in nx.topological_sort(graph):
        inviter = next(iter(graph.predecessors(person)), None)
        top[person] = person if inviter is None else top[inviter]
        generation[person] = 0 if inviter is None else generation[inviter] + 1
    with connect(built, read_only=True) as connection:
        found = connection.execute(
            "select customer_no, top_no, root_id, generation, tree_depth, downstream_people_count, own_revenue, "
            "downstream_revenue from relationship.int_referral_tree order by customer_no"
        ).fetchall()
        rounds = connection.execute(
            "select max(round) from relationship.int_referral_rounds"
        ).fetchone()
    assert found == [
        (n, top[n], f"c{top[n]}", generation[n], depth[n], people[n], own[n], revenue[n]) for n in sorted(graph)
    ]  # fmt: skip
    assert depth[4_000] == CHAIN - 1
    assert rounds == ((CHAIN - 1).bit_length(),)


def weights() -> list[Fraction]:
    with (SEEDS / "reward_rules.csv").open(encoding="utf-8", newline="") as file:
        return [Fraction(row["weight"]) for row in csv.DictReader(file)]


def split(pot: Decimal, parts: list[Fraction]) -> list[Decimal]:
    """The pot in cents by the largest remainder; equal remainders go to the first."""
    exact = [abs(Fraction(pot)) * 100 * part / sum(parts) for part in parts]
    cents = [int(one) for one in exact]
    order = sorted(range(len(parts)), key=lambda place: (cents[place] - exact[place], place))
    for place in order[: int(abs(pot) * 100) - sum(cents)]:
        cents[place] += 1
    return [(Decimal(cent) / 100).copy_sign(pot) for cent in cents]


def test_the_ledger_is_the_split_of_every_pot(built: Home) -> None:
    inviter_of = {invitee: inviter for inviter, invitee in EDGES}
    wanted = {}
    for buyer, order, amount in ORDERS:
        pot = (amount * Decimal("0.07")).quantize(Decimal("0.01"), ROUND_HALF_UP)
        above, person = [], buyer
        while person in inviter_of and len(above) < len(weights()):
            person = inviter_of[person]
            above.append(person)
        for generation, (earner, reward) in enumerate(
            zip(above, split(pot, weights()[: len(above)]), strict=True), start=1
        ):
            path = {buyer, *above[: generation - 1]}
            status = "withheld" if any(one % 2 == 0 for one in path & DOUBTED) else "due"
            if pot:
                wanted[order, f"c{earner}"] = (generation, f"c{buyer}", reward, status)
    with connect(built, read_only=True) as connection:
        rows = connection.execute(
            "select order_id, customer_id, generation, brought_id, reward, status from published.reward_ledger"
        ).fetchall()
    assert {(order, earner): tuple(rest) for order, earner, *rest in rows} == wanted
    assert len(rows) == len(wanted) > 5_000
    assert 0.05 < sum(status == "withheld" for *_, status in rows) / len(rows) < 0.5


def test_the_audit_sees_a_cent_that_is_missing(built: Home) -> None:
    (rule,) = (query for name, query in RULES.items() if "reward" in name)
    with connect(built) as connection:
        assert connection.execute(rule).fetchone() == (0,)
        connection.execute("begin")
        connection.execute(
            "update published.reward_ledger set reward = reward + 0.01 where order_id in "
            "(select order_id from published.reward_ledger order by order_id, generation limit 1)"
        )
        assert connection.execute(rule).fetchone() == (1,)
        connection.execute(
            "rollback; begin; delete from published.reward_ledger where order_id like 'o4_-0'"
        )
        missing = connection.execute(rule).fetchone()
        connection.execute("rollback")
    assert missing is not None
    assert missing[0] > 1


def test_pointers_that_run_in_a_circle_stop_the_run(tmp_path: Path) -> None:
    home = home_with(tmp_path / "home", [(1, 2), (2, 3), (3, 1)])
    with pytest.raises(KithError, match="its pointers run in a circle"):
        run_models(home, DAY, MODELS[:2], lambda _: None)
