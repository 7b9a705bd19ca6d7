"""Who brought whom, and what came of it, by plain Python: one share after the other, one generation after the other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from tests.relationship.known import Known, Order, Share

CENT = Decimal("0.01")


def credited_shares(known: Known) -> dict[str, Share]:
    """The share that brought each person brought: the first that could."""
    first_order: dict[str, datetime] = {}
    for order in known.completed:
        assert order.who
        first_order.setdefault(order.who, order.at)
    first_joined: dict[str, datetime] = {}
    for share in known.shares:
        if share.joins:
            first_joined.setdefault(share.sender, share.at)
    credited: dict[str, Share] = {}
    for share in known.shares:
        invitee = share.receiver
        if not share.joins or invitee is None or invitee in credited:
            continue
        has_ordered = first_order.get(invitee, share.at) < share.at
        has_brought = invitee in first_joined and first_joined[invitee] <= share.at
        if not has_ordered and not has_brought:
            credited[invitee] = share
    return credited


@dataclass(frozen=True)
class Referral:
    """What is told of a person brought."""

    inviter: str
    share: Share
    first_touch: Share
    touches: int
    generation: int
    root: str
    orders: list[Order]

    @property
    def revenue(self) -> Decimal:
        return sum((order.amount for order in self.orders), Decimal(0))


@dataclass
class Tree:
    """The forest of who brought whom."""

    known: Known

    def __post_init__(self) -> None:
        self.credited = credited_shares(self.known)
        self.children: dict[str, list[str]] = defaultdict(list)
        for invitee, share in self.credited.items():
            self.children[share.sender].append(invitee)
        bought = defaultdict(list)
        for order in self.known.completed:
            bought[order.who].append(order)
        self.orders = {
            who: [order for order in bought[who] if order.at >= share.at]
            for who, share in self.credited.items()
        }

    def ancestors(self, who: str) -> list[str]:
        """From the one who brought it up to the root."""
        found: list[str] = []
        while who in self.credited:
            who = self.credited[who].sender
            assert who not in found, "a circle"
            found.append(who)
        return found

    def descendants(self, who: str) -> list[str]:
        """All generations, the direct one first."""
        found: list[str] = []
        waiting = list(self.children.get(who, []))
        while waiting:
            found.append(waiting.pop(0))
            assert len(found) <= len(self.credited), "a circle"
            waiting += self.children.get(found[-1], [])
        return found

    def referral(self, who: str) -> Referral:
        """All that is told of a person brought."""
        share = self.credited[who]
        touches = [
            touch for touch in self.known.shares if touch.receiver == who and touch.sender != who
        ]
        above = self.ancestors(who)
        until = [touch for touch in touches if touch.place <= share.place]
        return Referral(
            share.sender, share, touches[0], len(until), len(above), above[-1], self.orders[who]
        )

    def revenue(self, people: list[str]) -> Decimal:
        """What people bought since they were brought."""
        return sum((order.amount for who in people for order in self.orders[who]), Decimal(0))

    def depth_below(self, who: str) -> int:
        """Generations that stand below somebody."""
        below = self.children.get(who, [])
        return 1 + max(self.depth_below(child) for child in below) if below else 0

    def reach(self) -> dict[str, int]:
        """Different other known people each sender shared with."""
        reached = defaultdict(set)
        for share in self.known.shares:
            if share.receiver and share.receiver != share.sender:
                reached[share.sender].add(share.receiver)
        return {who: len(people) for who, people in reached.items()}

    def ledger(
        self, reward_share: Decimal, weights: list[Decimal]
    ) -> dict[tuple[str, str, str], tuple[int, Decimal]]:
        """Generation and reward by (source, order_id, who is rewarded); an empty pot has no rows."""
        rewards = {}
        for who, orders in self.orders.items():
            above = self.ancestors(who)[: len(weights)]
            for order in orders:
                whole = pot(order.amount, reward_share)
                parts = split(whole, weights[: len(above)]) if whole else []
                for generation, (ancestor, part) in enumerate(
                    zip(above, parts, strict=bool(parts)), 1
                ):
                    rewards[order.source, order.order_id, ancestor] = generation, part
        return rewards


def pot(amount: Decimal, reward_share: Decimal) -> Decimal:
    """What is handed out for an order, in whole cents, halves away from zero."""
    return (amount * reward_share).quantize(CENT, ROUND_HALF_UP)


def split(whole: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """Parts in cents by the largest remainder, ties to the first; a negative whole is its mirror image."""
    sign = -1 if whole < 0 else 1
    cents = int(abs(whole) / CENT)
    exact = [Fraction(weight) * cents / Fraction(sum(weights)) for weight in weights]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_remainder[: cents - sum(parts)]:
        parts[place] += 1
    return [sign * part * CENT for part in parts]
