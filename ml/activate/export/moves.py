"""What changes at a destination: who is added, who stays, and who must be taken out again.

Pure. What stands at a destination is what the last export of the same audience left there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ml.activate.export.destinations import Destination
from ml.activate.export.gate import Judged, Verdict

ADD, KEEP, REMOVE, DROP = "add", "keep", "remove", "drop"
LEFT, CHANGED, ERASED = "left_audience", "identifier_changed", "erased"
Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody who stands at a destination: the id then, and the identifiers as they were delivered."""

    customer_id: str
    keys: Keys


@dataclass(frozen=True, slots=True)
class Removal:
    """Somebody to be taken out. Empty `keys`: others still stand there by the same identifiers.

    customer_id None: the person was erased, and only the destination still knows them.
    """

    customer_id: str | None
    keys: Keys
    reason: str

    @property
    def is_named(self) -> bool:
        """Is anything left by which the destination can find the person?"""
        return any(self.keys)


@dataclass(frozen=True)
class Moves:
    """Each verdict with its action and the keys that stand afterwards; the removals; the list, in its order."""

    actions: tuple[tuple[Verdict, str, Keys], ...]
    removals: tuple[Removal, ...]
    list_rows: tuple[Verdict, ...]
    standing_before: int


def find_moves(
    judged: Judged,
    standing: Iterable[Standing],
    pending: Iterable[Keys],
    destination: Destination,
    surviving: Mapping[str, str],
    reason_against: Callable[[str], str | None],
) -> Moves:
    """Compare what passed the gate with what stands at the destination.

    Args:
        judged: the verdicts on the members of today.
        standing: what the last export left there.
        pending: identifiers of erased people whom nobody has named for removal yet.
        destination: where the list goes.
        surviving: the id that a retired one belongs to now.
        reason_against: why somebody who is no member any more could not be met.
    """
    before = list(standing)
    verdicts = {verdict.customer_id: verdict for verdict in judged.verdicts}
    if judged.is_stopped:
        after = _what_stays(verdicts, before, surviving)
    else:
        passed = [verdict for verdict in judged.verdicts if verdict.reason is None]
        after = {verdict.customer_id: keys_of(verdict.row, destination) for verdict in passed}
    kept: set[str] = set()
    removals: list[Removal] = []
    held = [set(column) for column in zip(*after.values(), strict=True)]
    for one in before:
        who = surviving.get(one.customer_id, one.customer_id)
        if after.get(who) == one.keys and who not in kept:
            kept.add(who)
            continue
        if who in after:
            reason = CHANGED
        elif who in verdicts:
            reason = verdicts[who].reason or LEFT
        else:
            reason = reason_against(who) or LEFT
        removals.append(Removal(one.customer_id, _not_held(one.keys, held), reason))
    for keys in pending:
        if any(left := _not_held(keys, held)):
            removals.append(Removal(None, left, ERASED))
    actions = tuple(
        (verdict, _action(verdict.customer_id, after, kept), after.get(verdict.customer_id, ()))
        for verdict in judged.verdicts
    )
    list_rows = () if judged.is_stopped else tuple(v for v in judged.verdicts if v.reason is None)
    ordered = sorted(removals, key=lambda one: (one.customer_id or "", one.keys, one.reason))
    return Moves(actions, tuple(ordered), list_rows, len(before))


def keys_of(row: Keys, destination: Destination) -> Keys:
    """The identifiers of a delivered row by which the destination can be told to take it out."""
    cells = dict(zip(destination.header, row, strict=True))
    return tuple(cells[name] for name in destination.removed_by)


def _action(who: str, after: Mapping[str, Keys], kept: set[str]) -> str:
    if who not in after:
        return DROP
    return KEEP if who in kept else ADD


def _what_stays(
    verdicts: Mapping[str, Verdict], before: Iterable[Standing], surviving: Mapping[str, str]
) -> dict[str, Keys]:
    """Of a list that is too small nobody new goes out, and who passed everything else may stay as delivered."""
    stays: dict[str, Keys] = {}
    for one in before:
        who = surviving.get(one.customer_id, one.customer_id)
        if who in verdicts and verdicts[who].reason == "list_too_small":
            stays.setdefault(who, one.keys)
    return stays


def _not_held(keys: Keys, held: list[set[str]]) -> Keys:
    """Identifiers that nobody else stands there by: a family's mailbox stays as long as one of them is listed."""
    if not held:
        return keys
    return tuple("" if key in others else key for key, others in zip(keys, held, strict=True))
