"""Day after day of lists: what a destination holds afterwards, played through on a destination of sets."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from ml.activate.export.destinations import DESTINATIONS, Destination
from ml.activate.export.gate import Judged, Verdict
from ml.activate.export.moves import (
    ADD,
    CHANGED,
    ERASED,
    KEEP,
    LEFT,
    Moves,
    Removal,
    Standing,
    find_moves,
    keys_of,
)

GOOGLE, EMAIL = DESTINATIONS["google"], DESTINATIONS["email"]


def verdict(who: str, reason: str | None, email: str = "", phone: str = "") -> Verdict:
    return Verdict(who, "treatment", reason, (email, phone, "", "", "", ""))


def moves(
    verdicts: list[Verdict],
    standing: list[Standing],
    pending: list[tuple[str, ...]] | None = None,
    surviving: dict[str, str] | None = None,
    is_stopped: bool = False,
) -> Moves:
    judged = Judged(tuple(verdicts), is_stopped, 0)
    return find_moves(
        judged, standing, pending or [], GOOGLE, surviving or {}, lambda who: {"c-no": "suppressed"}.get(who)
    )  # fmt: skip


def test_who_comes_stays_changes_and_goes() -> None:
    found = moves(
        [
            verdict("c-new", None, "new"),
            verdict("c-stays", None, "stays", "1"),
            verdict("c-moved", None, "moved-now"),
            verdict("c-barred", "opted_out"),
        ],
        [
            Standing("c-stays", ("stays", "1")),
            Standing("c-moved", ("moved-before", "")),
            Standing("c-barred", ("barred", "")),
            Standing("c-left", ("left", "2")),
            Standing("c-no", ("no", "")),
        ],
    )
    assert {v.customer_id: action for v, action, _ in found.actions} == {
        "c-new": ADD, "c-stays": KEEP, "c-moved": ADD, "c-barred": "drop",
    }  # fmt: skip
    assert found.removals == (
        Removal("c-barred", ("barred", ""), "opted_out"),
        Removal("c-left", ("left", "2"), LEFT),
        Removal("c-moved", ("moved-before", ""), CHANGED),
        Removal("c-no", ("no", ""), "suppressed"),
    )


def test_what_a_family_shares_stays_as_long_as_one_of_them_is_listed() -> None:
    found = moves(
        [verdict("c-mother", None, "family", "1")],
        [Standing("c-mother", ("family", "1")), Standing("c-son", ("family", "2"))],
        pending=[("family", ""), ("erased", "1")],
    )
    assert found.removals == (
        Removal(None, ("erased", ""), ERASED),
        Removal("c-son", ("", "2"), LEFT),
    )


def test_two_who_became_one_are_not_taken_out() -> None:
    standing = [Standing("c-old", ("a", "1")), Standing("c-new", ("b", ""))]
    found = moves([verdict("c-new", None, "a", "1")], standing, surviving={"c-old": "c-new"})
    assert [action for _, action, _ in found.actions] == [KEEP]
    assert found.removals == (Removal("c-new", ("b", ""), CHANGED),)


def test_a_list_too_small_takes_out_and_adds_nobody() -> None:
    small = "list_too_small"
    found = moves(
        [verdict("c-new", small, "new"), verdict("c-stays", small, "other"), verdict("c-x", "held_out")],
        [Standing("c-stays", ("before", "")), Standing("c-x", ("x", ""))],
        is_stopped=True,
    )  # fmt: skip
    assert [action for _, action, _ in found.actions] == ["drop", KEEP, "drop"]
    assert [keys for _, action, keys in found.actions if action == KEEP] == [("before", "")]
    assert found.list_rows == ()
    assert found.removals == (Removal("c-x", ("x", ""), "held_out"),)


@pytest.mark.parametrize("destination", ["google", "email"])
def test_a_destination_that_does_as_told_holds_who_passed_and_nobody_else(
    destination: str,
) -> None:
    """Sixty brands, thirty days each: people come and go, share mailboxes, merge, and are erased."""
    done: Counter[str] = Counter()
    for seed in range(60):
        draw = random.Random(seed)
        spec = DESTINATIONS[destination]
        at_destination: set[tuple[int, str]] = set()
        standing: list[Standing] = []
        surviving: dict[str, str] = {}
        for _ in range(30):
            alive = [f"c-{n}" for n in range(8) if f"c-{n}" not in surviving]
            if len(alive) > 3 and draw.random() < 0.1:
                surviving[draw.choice(alive[1:])] = alive[0]
                alive = [who for who in alive if who not in surviving]
            pending: list[tuple[str, ...]] = []
            if standing and draw.random() < 0.2:
                gone = standing.pop(draw.randrange(len(standing)))
                alive = [who for who in alive if who != gone.customer_id]
                pending = [gone.keys]
            verdicts = [_random_verdict(draw, who, spec) for who in alive if draw.random() < 0.8]
            judged = Judged(tuple(verdicts), False, 0)
            found = find_moves(
                judged, standing, pending, spec, surviving, lambda who: None
            )  # fmt: skip
            for removal in found.removals:
                at_destination -= {(n, key) for n, key in enumerate(removal.keys) if key}
                done[removal.reason] += 1
            for one in found.list_rows:
                at_destination |= {(n, key) for n, key in enumerate(keys_of(one.row, spec)) if key}
            standing = [Standing(v.customer_id, keys) for v, _, keys in found.actions if keys]
            held = {(n, key) for one in standing for n, key in enumerate(one.keys) if key}
            assert at_destination == held
            passed = {v.customer_id for v in verdicts if v.reason is None}
            assert {one.customer_id for one in standing} == passed
    assert set(done) >= {LEFT, ERASED, "held_out"}
    assert done[CHANGED] > 5


def _random_verdict(draw: random.Random, who: str, spec: Destination) -> Verdict:
    reason = draw.choice([None, None, None, "held_out"])
    keys = [draw.choice(["a", "b", "c", who]), draw.choice(["", "1", "2", who])]
    if spec is EMAIL:
        keys[0] = who
    row = (*keys, *[""] * len(spec.header))
    return Verdict(who, "treatment", reason, row[: len(spec.header)])
