"""Labels and populations against a second implementation: plain Python over rows, on seeded random worlds.

Many small worlds stand side by side in one landing zone, each with sources of its own, so that one
build answers for all of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import networkx as nx
import pytest

from tests.conftest import Built, build_world, write_csv

DAY = date(2024, 4, 15)
BEGIN = datetime(2024, 1, 1)
TARGETS = "target,horizon_days,population_days\nnext_purchase,10,40\nnext_purchase,25,60\nchurn,14,30\nshare,7,45\n"
WORLDS = 60
SHARING_LIMIT = 10


@dataclass
class World:
    """The rows of one world, as they are written to the landing zone."""

    source: str
    orders: list[dict[str, Any]] = field(default_factory=list)
    shares: list[dict[str, Any]] = field(default_factory=list)
    interactions: list[dict[str, Any]] = field(default_factory=list)
    identifiers: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    consents: list[dict[str, Any]] = field(default_factory=list)


def random_world(seed: int) -> World:
    """A few people with several keys, versions, late news, guests, merges inside label windows."""
    draw = random.Random(seed)
    world = World(f"w{seed}")
    keys = [f"k{number}" for number in range(draw.randint(2, 7))]

    def instant() -> datetime:
        return BEGIN + timedelta(minutes=draw.randrange(0, 110 * 24 * 60, 30))

    def late(moment: datetime) -> datetime:
        return moment + timedelta(hours=draw.choice([0, 0, 0, 1, 30, 24 * 12]))

    for number in range(draw.randint(3, 14)):
        moment = instant()
        base = {
            "source": world.source,
            "order_id": f"o{number}",
            "source_key": draw.choice([*keys, ""]),
            "occurred_at": moment,
            "amount": draw.randint(1, 90),
        }
        known = late(moment)
        world.orders.append(
            base | {"known_at": known, "status": draw.choice(["", "completed", "cancelled"])}
        )
        if draw.random() < 0.3:
            world.orders.append(
                base | {"known_at": late(known), "status": draw.choice(["completed", "returned"])}
            )
    for number in range(draw.randint(0, 6)):
        moment = instant()
        inviter, invitee = draw.choice(keys), draw.choice([*keys, ""])
        base = {
            "source": world.source,
            "share_id": f"s{number}",
            "inviter_key": inviter,
            "invitee_key": invitee,
        }
        world.shares.append(
            base
            | {
                "occurred_at": moment,
                "known_at": late(moment),
                "outcome": draw.choice(["", "joined"]),
            }
        )
    for _ in range(draw.randint(0, 4)):
        moment = instant()
        row = {
            "source": world.source,
            "source_key": draw.choice(keys),
            "occurred_at": moment,
            "kind": "view",
        }
        world.interactions.append(row | {"known_at": late(moment)})
    for _ in range(draw.randint(0, 6)):
        row = {
            "source": world.source,
            "source_key": draw.choice(keys),
            "id_type": draw.choice(["email", "card"]),
        }
        value = f"{world.source}-{draw.randint(0, 2)}@mail.org"
        world.identifiers.append(row | {"id_value": value, "known_at": instant()})
    if draw.random() < 0.3:
        left, right = draw.choice(keys), draw.choice(keys)
        row = {
            "left_source": world.source,
            "left_key": left,
            "right_source": world.source,
            "right_key": right,
        }
        world.links.append(row | {"decision": "same", "known_at": instant()})
    if draw.random() < 0.3:
        row = {"source": world.source, "source_key": draw.choice(keys), "purpose": "profiling"}
        world.consents.append(
            row | {"granted": draw.choice(["yes", "no"]), "occurred_at": instant()}
        )
    return world


class Oracle:
    """What a world says at any date, told from its rows alone."""

    def __init__(self, world: World) -> None:
        self.world = world

    def groups_at(self, day: date) -> list[frozenset[str]]:
        """The people of the world on a day, each as the set of its keys."""
        graph = nx.Graph()
        for key, moment in self._mentions():
            if key and moment < midnight(day):
                graph.add_node(key)
        holders: dict[tuple[str, str], set[str]] = {}
        for row in self.world.identifiers:
            if row["known_at"] < midnight(day):
                holders.setdefault((row["id_type"], row["id_value"]), set()).add(row["source_key"])
        for keys in holders.values():
            assert len(keys) <= SHARING_LIMIT
            nx.add_path(graph, sorted(keys))
        for row in self.world.links:
            if row["known_at"] < midnight(day):
                graph.add_edge(row["left_key"], row["right_key"])
        return [frozenset(group) for group in nx.connected_components(graph)]

    def orders_at(self, day: date) -> list[dict[str, Any]]:
        """The version of each order that counts on a day."""
        stages = {"": 1, "completed": 1, "cancelled": 2, "returned": 3}
        latest: dict[str, dict[str, Any]] = {}
        for row in self.world.orders:
            if row["known_at"] < midnight(day) and row["occurred_at"] < midnight(day):
                rank = (row["known_at"], stages[row["status"]])
                there = latest.get(row["order_id"])
                if there is None or rank > (there["known_at"], stages[there["status"]]):
                    latest[row["order_id"]] = row
        return list(latest.values())

    def completed(self, day: date) -> list[tuple[str, datetime]]:
        return [
            (row["source_key"], row["occurred_at"])
            for row in self.orders_at(day)
            if row["status"] in ("", "completed")
        ]

    def refused(self) -> set[frozenset[str]]:
        """People of the run's day whose latest word on profiling is no."""
        found = set()
        for group in self.groups_at(DAY):
            words = [
                (row["occurred_at"], row["granted"] == "yes")
                for row in self.world.consents
                if row["source_key"] in group and row["occurred_at"] < midnight(DAY)
            ]
            if words and not max(words, key=lambda word: (word[0], not word[1]))[1]:
                found.add(group)
        return found

    def labels(
        self, target: str, horizon: int, population_days: int, cutoff: date
    ) -> dict[frozenset[str], int]:
        """Label of everybody in the population at a cut-off, keyed by the records held then."""
        refused = self.refused()
        start, end = midnight(cutoff), midnight(cutoff + timedelta(days=horizon))
        if target == "share":
            active = [(row["source_key"], row["occurred_at"]) for row in self.orders_at(cutoff)]
            events = [
                (row["inviter_key"], row["occurred_at"])
                for row in self._visible(self.world.shares, DAY)
            ]
            for row in self._visible(self.world.shares, cutoff):
                active += [
                    (row["inviter_key"], row["occurred_at"]),
                    (row["invitee_key"], row["occurred_at"]),
                ]
            active += [
                (row["source_key"], row["occurred_at"])
                for row in self._visible(self.world.interactions, cutoff)
            ]
        else:
            active, events = self.completed(cutoff), self.completed(DAY)
        since = midnight(cutoff - timedelta(days=population_days))
        found = {}
        for held in self.groups_at(cutoff):
            persons = [group for group in self.groups_at(DAY) if group & held]
            if any(person in refused for person in persons):
                continue
            if not any(key in held and moment >= since for key, moment in active):
                continue
            happened = any(
                key in person and start <= moment < end
                for person in persons
                for key, moment in events
            )
            found[held] = int(happened != (target == "churn"))
        return found

    def outcomes(
        self, target: str, horizon: int, cutoff: date, held: frozenset[str]
    ) -> tuple[int | None, int, int | None, int | None]:
        """Days until the next order, days observed, money of the window, people reached, of a labelled customer."""
        groups = self.groups_at(DAY)
        persons = [group for group in groups if group & held]
        start, end = midnight(cutoff), midnight(cutoff + timedelta(days=horizon))
        observed = (DAY - cutoff).days  # label_lag_days is 0 in these worlds
        if target == "share":
            reached = {
                (sender, receiver)
                for sender in persons
                for row in self._visible(self.world.shares, DAY)
                if row["inviter_key"] in sender and start <= row["occurred_at"] < end
                for receiver in groups
                if row["invitee_key"] in receiver and receiver != sender
            }
            return None, observed, None, len({receiver for _, receiver in reached})
        orders = [
            row
            for row in self.orders_at(DAY)
            if row["status"] in ("", "completed")
            and row["occurred_at"] >= start
            and any(row["source_key"] in person for person in persons)
        ]
        first = min((row["occurred_at"] for row in orders), default=None)
        money = sum(row["amount"] for row in orders if row["occurred_at"] < end)
        return first and (first.date() - cutoff).days, observed, money, None

    def _mentions(self) -> Iterator[tuple[str, datetime]]:
        for row in [*self.world.orders, *self.world.interactions]:
            yield row["source_key"], max(row["occurred_at"], row["known_at"])
        for row in self.world.shares:
            for key in (row["inviter_key"], row["invitee_key"]):
                yield key, max(row["occurred_at"], row["known_at"])
        for row in self.world.identifiers:
            yield row["source_key"], row["known_at"]
        for row in self.world.links:
            yield row["left_key"], row["known_at"]
            yield row["right_key"], row["known_at"]
        for row in self.world.consents:
            yield row["source_key"], row["occurred_at"]

    @staticmethod
    def _visible(rows: list[dict[str, Any]], day: date) -> list[dict[str, Any]]:
        return [
            row
            for row in rows
            if row["known_at"] < midnight(day) and row["occurred_at"] < midnight(day)
        ]


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [random_world(seed) for seed in range(WORLDS)]


@pytest.fixture(scope="module")
def built(worlds: list[World], tmp_path_factory: pytest.TempPathFactory) -> Built:
    landing = tmp_path_factory.mktemp("landing")
    for entity in ("orders", "shares", "interactions", "identifiers", "links", "consents"):
        write_csv(landing, entity, [row for world in worlds for row in getattr(world, entity)])
    parts = ["landing", "identity", "events", "features", "labels"]
    return build_world(
        landing, tmp_path_factory.mktemp("home"), DAY, parts, "label_lag_days = 0\n", TARGETS
    )


@pytest.fixture(scope="module")
def people(built: Built) -> dict[tuple[str, date], dict[str, frozenset[str]]]:
    """Per world and cut-off: the keys that each customer id held."""
    found: dict[tuple[str, date], dict[str, frozenset[str]]] = {}
    cutoffs = [
        row[0] for row in built.rows("select distinct as_of_date from control.training_plan")
    ]
    for cutoff in [*cutoffs, DAY]:
        for source, customer_id, key in built.rows(
            "select source, customer_id, source_key from identity.customer_map "
            "where valid_from <= ? and (valid_to is null or valid_to > ?)",
            [cutoff, cutoff],
        ):
            group = found.setdefault((source, cutoff), {})
            group[customer_id] = group.get(customer_id, frozenset()) | {key}
    return found


def test_the_worlds_hold_what_they_are_for(built: Built, worlds: list[World]) -> None:
    assert built.value("select count(*) from resolved.merges") > 20
    assert built.value("select count(distinct label) from labels.customer_labels") == 2
    assert built.value("select count(*) from events.int_customer__refusals") > 3
    assert any(
        row["known_at"] - row["occurred_at"] > timedelta(days=10)
        for world in worlds
        for row in world.orders
    )


def test_people_at_every_cutoff_are_the_oracles(
    worlds: list[World], people: dict[tuple[str, date], dict[str, frozenset[str]]]
) -> None:
    assert len(people) > WORLDS * 5
    cutoffs = {cutoff for _, cutoff in people}
    for world in worlds:
        for cutoff in cutoffs:
            expected = set(Oracle(world).groups_at(cutoff))
            assert set(people.get((world.source, cutoff), {}).values()) == expected, (
                world.source,
                cutoff,
            )


@pytest.mark.parametrize(
    ("target", "horizon", "population"),
    [("next_purchase", 10, 40), ("next_purchase", 25, 60), ("churn", 14, 30), ("share", 7, 45)],
)
def test_labels_are_the_oracles(
    built: Built,
    worlds: list[World],
    people: dict[tuple[str, date], dict[str, frozenset[str]]],
    target: str,
    horizon: int,
    population: int,
) -> None:
    plan = built.rows(
        "select as_of_date from control.training_plan where target = ? and horizon_days = ?",
        [target, horizon],
    )
    cutoffs = sorted(row[0] for row in plan)
    assert len(cutoffs) >= 5
    assert max(cutoffs) + timedelta(days=horizon) <= DAY
    found: dict[tuple[str, date], dict[frozenset[str], int]] = {}
    owner = {
        (customer_id, cutoff): (source, held)
        for (source, cutoff), customers in people.items()
        for customer_id, held in customers.items()
    }
    for customer_id, cutoff, label in built.rows(
        "select customer_id, as_of_date, label from labels.customer_labels where target = ? and horizon_days = ?",
        [target, horizon],
    ):
        source, held = owner[customer_id, cutoff]
        found.setdefault((source, cutoff), {})[held] = label
    for world in worlds:
        for cutoff in cutoffs:
            expected = Oracle(world).labels(target, horizon, population, cutoff)
            assert found.get((world.source, cutoff), {}) == expected, (world.source, cutoff)


def test_outcomes_are_the_oracles(
    built: Built,
    worlds: list[World],
    people: dict[tuple[str, date], dict[str, frozenset[str]]],
) -> None:
    oracles = {world.source: Oracle(world) for world in worlds}
    owner = {
        (customer_id, cutoff): (source, held)
        for (source, cutoff), customers in people.items()
        for customer_id, held in customers.items()
    }
    rows = built.rows(
        "select customer_id, as_of_date, target, horizon_days, days_until_order, days_observed, "
        "cast(window_amount as integer), people_reached from labels.customer_outcomes"
    )
    labelled = built.rows(
        "select customer_id, as_of_date, target, horizon_days from labels.customer_labels"
    )
    assert sorted(row[:4] for row in rows) == sorted(labelled)
    reached, censored = 0, 0
    for customer_id, cutoff, target, horizon, *found in rows:
        source, held = owner[customer_id, cutoff]
        expected = oracles[source].outcomes(target, horizon, cutoff, held)
        assert tuple(found) == expected, (source, cutoff, target, horizon)
        reached += found[3] or 0
        censored += target != "share" and found[0] is None
    assert reached > 20
    assert censored > 100
