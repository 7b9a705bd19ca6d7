"""The account of one export: who came in, who went out, and where the others stayed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from ml.activate.export.facts import Terms
from ml.activate.export.gate import REASONS, Judged, reasons_of
from ml.activate.export.moves import ADD, CHANGED, ERASED, KEEP, LEFT, Moves

OTHER_REASONS = {
    LEFT: "not in the audience any more",
    CHANGED: "known by another e-mail or phone now",
    ERASED: "erased on request",
}


@dataclass(frozen=True)
class Reconciliation:
    """members_in = delivered + dropped; standing_before + added = standing_after + removed."""

    destination: str
    audience: str
    version: str
    as_of_date: str
    export_no: int
    is_planned: bool
    is_stopped: bool
    members_in: int
    delivered: int
    dropped: dict[str, int]
    standing_before: int
    added: int
    kept: int
    removed: dict[str, int]
    erased_named: int
    removals_named: int
    standing_after: int
    hashed_inputs: int
    minimum_size: int
    files: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The account as it is written."""
        return asdict(self)


def reconcile(
    judged: Judged,
    moves: Moves,
    terms: Terms,
    *,
    destination: str,
    version: str,
    export_no: int,
    is_planned: bool,
) -> Reconciliation:
    """Add up an export.

    Raises:
        AssertionError: it does not add up; nothing may be written then.
    """
    done = Counter(action for _, action, _ in moves.actions)
    of_standing = [one for one in moves.removals if one.customer_id is not None]
    account = Reconciliation(
        destination=destination,
        audience=terms.audience,
        version=version,
        as_of_date=terms.day.isoformat(),
        export_no=export_no,
        is_planned=is_planned,
        is_stopped=judged.is_stopped,
        members_in=len(judged.verdicts),
        delivered=len(moves.list_rows),
        dropped=reasons_of(judged.verdicts),
        standing_before=moves.standing_before,
        added=done[ADD],
        kept=done[KEEP],
        removed=dict(sorted(Counter(one.reason for one in of_standing).items())),
        erased_named=len(moves.removals) - len(of_standing),
        removals_named=sum(one.is_named for one in moves.removals),
        standing_after=done[ADD] + done[KEEP],
        hashed_inputs=judged.hashed_inputs,
        minimum_size=terms.minimum_size,
    )
    _assert_adds_up(account, moves)
    return account


def _assert_adds_up(account: Reconciliation, moves: Moves) -> None:
    dropped, removed = sum(account.dropped.values()), sum(account.removed.values())
    faults = [
        account.members_in != account.delivered + dropped,
        account.standing_before + account.added != account.standing_after + removed,
        account.kept + removed != account.standing_before,
        not account.is_stopped and account.delivered != account.standing_after,
        account.is_stopped and (account.delivered > 0 or account.added > 0),
        len({verdict.customer_id for verdict, *_ in moves.actions}) != account.members_in,
    ]
    if any(faults):
        raise AssertionError(f"the export of {account.audience} does not add up: {account}")


def in_words(account: Reconciliation) -> list[str]:
    """The account for people."""
    whereto = f"{account.audience} to {account.destination}, {account.as_of_date}"
    out = f"{account.delivered:,} delivered"
    if account.is_stopped:
        few = (
            f"fewer than {account.minimum_size:,} people are"
            if account.minimum_size > 1
            else "nobody is"
        )
        out = f"no list delivered, because {few} left; who stands there and may stay, stays, and removals go out"
    lines = [f"{whereto}: {account.members_in:,} in the audience, {out}"]
    lines += [f"  {count:>9,}  {said(reason)}" for reason, count in account.dropped.items()]
    lines.append(
        f"  at the destination: {account.standing_before:,} before, {account.added:,} added, {account.kept:,} kept, "
        f"{sum(account.removed.values()):,} removed, {account.standing_after:,} now"
    )
    lines += [
        f"  {count:>9,}  removed: {said(reason)}" for reason, count in account.removed.items()
    ]
    if account.erased_named:
        lines.append(f"  {account.erased_named:>9,}  removed: {OTHER_REASONS[ERASED]}")
    if account.hashed_inputs:
        lines.append(
            f"  {account.hashed_inputs:,} values came in as hashes and were refused: Kith hashes plain values itself, "
            "because each destination writes them in another way before it hashes"
        )
    return lines


def said(reason: str) -> str:
    """A reason in words."""
    for known, words in (REASONS | OTHER_REASONS).items():
        if reason == known:
            return words
        if known.endswith("_") and reason.startswith(known):
            return f"{words}: {reason.removeprefix(known)}"
    return reason
