"""Shares between people: sent, opened, joined, ordered, each stage a later version."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ml.data.demo.catalogue import Products
from ml.data.demo.history import NOBODY, History
from ml.data.demo.instants import DAY, HOUR, seconds_of_day
from ml.data.demo.orders import Orders
from ml.data.demo.records import KEY_PREFIX, Records
from ml.data.demo.traits import SOURCES, Traits
from ml.data.landing_writer import timestamps

Ints = npt.NDArray[np.int64]
OUTCOMES = ("sent", "opened", "joined", "ordered")
SENT, OPENED, JOINED = range(3)
FRIENDS_OUTSIDE = 3
"""Friends each person has who never become customers, yet open what they are sent."""


@dataclass(frozen=True)
class Shares:
    """Share tables by source, ids by the simulation's number, and keys of friends outside."""

    tables: dict[str, pa.Table]
    share_ids: dict[int, tuple[str, str]]
    outsiders: dict[tuple[str, str], str]


def draw_shares(
    history: History,
    orders: Orders,
    traits: Traits,
    records: Records,
    products: Products,
    rng: np.random.Generator,
) -> Shares:
    """Give each share its receiver, its stages and their instants."""
    log = history.logs["shares"]
    person, brought = log["person"], log["brought"]
    count = len(person)
    came = brought != NOBODY
    second = log["day"] * DAY + seconds_of_day(traits.hour[person] + 1, 2.5, rng)
    # Whoever comes and orders on the day of the share does so after it.
    first_order = _first_orders(history, orders)
    second = np.where(came, np.minimum(second, first_order[brought] - HOUR), second)
    social, app = (traits.member[person, SOURCES.index(s)] for s in ("social", "app"))
    in_app = np.where(
        brought == NOBODY,
        app & (~social | (rng.random(count) < 0.4)),
        traits.brings_in(person) == SOURCES.index("app"),
    )
    sources = np.where(in_app, "app", "social")
    draw = rng.random(count)
    p = history.calendar.parameters
    known_friend = (brought == NOBODY) & (draw < p.share_to_customer)
    outsider = (brought == NOBODY) & (draw > 1 - p.share_to_outsider)
    joined_by = np.searchsorted(history.state.joined, log["day"], side="left")
    friend = (rng.random(count) * np.maximum(joined_by, 1)).astype(np.int64)
    codes = np.where(in_app, SOURCES.index("app"), SOURCES.index("social"))
    known_friend &= (friend != person) & traits.member[friend, codes]
    receiver = np.where(brought != NOBODY, brought, np.where(known_friend, friend, NOBODY))
    friend_opens, outsider_opens = p.friend_opens
    draw = rng.random(count)
    opens = (known_friend & (draw < friend_opens)) | (outsider & (draw < outsider_opens))
    opened = second + rng.integers(60, 30 * HOUR, count)
    joined = np.maximum(history.state.joined[brought] * DAY + 6 * HOUR, second + 600)
    ordered = np.maximum(first_order[brought], joined + 60)
    never = records.clock.end_second + DAY
    opened = np.where(came, second + rng.integers(60, 500, count), np.where(opens, opened, never))
    stages = [second, opened, np.where(came, joined, never), np.where(came, ordered, never)]
    keys, outside = _receiver_keys(person, receiver, outsider, sources, records, rng)
    product = products.first[traits.favourite[person]] + (
        rng.random(count) * products.size[traits.favourite[person]]
    ).astype(np.int64)
    ids = [f"{s}-{n:07d}" for s, n in zip(sources, log["number"], strict=True)]
    # Nobody knows who receives a link until they open it, or, when new, until they join.
    revealed = np.where(came, JOINED, np.where(outsider, OPENED, SENT))
    tables = {
        source: _table(
            source,
            np.flatnonzero(sources == source),
            person,
            keys,
            revealed,
            second,
            stages,
            ids,
            products.product_id[product],
            records,
        )
        for source in ("app", "social")
    }
    by_number = {int(n): (str(s), i) for n, s, i in zip(log["number"], sources, ids, strict=True)}
    return Shares(tables, by_number, outside)


def _first_orders(history: History, orders: Orders) -> Ints:
    """When each person first ordered; far ahead for those who never did."""
    far = np.iinfo(np.int64).max // 4
    first_order = np.full(len(history.state.joined), far)
    np.minimum.at(first_order, orders.person, orders.second)
    return first_order


def _receiver_keys(
    person: Ints,
    receiver: Ints,
    outsider: npt.NDArray[np.bool_],
    sources: npt.NDArray[np.str_],
    records: Records,
    rng: np.random.Generator,
) -> tuple[list[str | None], dict[tuple[str, str], str]]:
    """Keys of those who received; outsiders have keys like anybody, beyond the customers'."""
    count = len(records.keys["app"])
    which = rng.integers(0, FRIENDS_OUTSIDE, len(person))
    keys: list[str | None] = []
    outside: dict[tuple[str, str], str] = {}
    for i, source in enumerate(sources.tolist()):
        if receiver[i] != NOBODY:
            keys.append(records.keys[source][receiver[i]])
        elif outsider[i]:
            number = count + int(person[i]) * FRIENDS_OUTSIDE + int(which[i])
            key = f"{KEY_PREFIX[source]}{number:06d}"
            outside[source, key] = f"X{number - count:07d}"
            keys.append(key)
        else:
            keys.append(None)
    return keys, outside


def _table(
    source: str,
    rows: Ints,
    person: Ints,
    keys: list[str | None],
    revealed: Ints,
    second: Ints,
    stages: list[Ints],
    ids: list[str],
    product_ids: npt.NDArray[np.str_],
    records: Records,
) -> pa.Table:
    """One row per stage reached before the end, known when it was reached."""
    end = records.clock.end_second
    row = np.concatenate([rows[stage[rows] < end] for stage in stages])
    code = np.repeat(np.arange(len(stages)), [(stage[rows] < end).sum() for stage in stages])
    known = np.array(stages)[code, row]
    order = np.lexsort((code, row, known))
    row, code, known = row[order], code[order], known[order]
    return pa.table(
        {
            "source": pa.array([source] * len(row), pa.string()),
            "share_id": pa.array([ids[i] for i in row], pa.string()),
            "inviter_key": pa.array(records.key(source, person[row]).tolist(), pa.string()),
            "occurred_at": timestamps(records.clock.instants(second[row])),
            "known_at": timestamps(records.clock.instants(known)),
            "invitee_key": pa.array(
                [keys[i] if c >= revealed[i] else None for i, c in zip(row, code, strict=True)],
                pa.string(),
            ),
            "product_id": pa.array(product_ids[row].tolist(), pa.string()),
            "channel": pa.array([source] * len(row), pa.string()),
            "outcome": pa.array([OUTCOMES[c] for c in code], pa.string()),
        }
    )
