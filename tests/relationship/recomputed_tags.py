"""Tags by plain Python, from what the catalogue says they mean: value and evidence of each customer who has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.relationship import tags_of_buying
from tests.relationship.habits_seen import Seen, Told, favourite
from tests.relationship.known import BROUGHT

Tag = Callable[[Seen], dict[str, Told]]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def tags(seen: Seen) -> dict[tuple[str, str], Told]:
    """Value and evidence by customer and tag; who refused profiling has none."""
    return {
        (who, tag): told
        for tag, rule in TAGS.items()
        for who, told in rule(seen).items()
        if who not in seen.known.refusers
    }


def aisas_stage(seen: Seen) -> dict[str, Told]:
    found = {}
    for who in seen.known.customers:
        searches = sum(row["kind"] == "search" for row in seen.acts[who])
        reached = {
            "share": seen.sent[who], "action": seen.orders[who], "search": searches, "interest": seen.acts[who],
            "attention": True,
        }  # fmt: skip
        words = (
            f"shares sent: {len(seen.sent[who])}, orders: {len(seen.orders[who])}, searches: {searches}, "
            f"interactions: {len(seen.acts[who])}, shares received: {len(seen.received[who])}, "
            f"messages: {len(seen.messages[who])}"
        )
        found[who] = next(stage for stage, facts in reached.items() if facts), words
    return found


def channel_mix(seen: Seen) -> dict[str, Told]:
    words = {1: "one channel", 2: "two channels"}
    found = {}
    for who, orders in seen.orders.items():
        if chosen := favourite(order.row["channel"] for order in orders):
            _, _, total, choices = chosen
            value = words.get(choices, "three channels and more")
            found[who] = value, f"channels: {choices} over {total} orders"
    return found


def complaint_count(seen: Seen) -> dict[str, Told]:
    words = {1: "once", 2: "twice"}
    found = {}
    for who, acts in seen.acts.items():
        if count := sum(row["kind"] == "complaint" for row in acts):
            evidence = f"complaints: {count}, interactions: {len(acts)}"
            found[who] = words.get(count, "again and again"), evidence
    return found


def service_history(seen: Seen) -> dict[str, Told]:
    found = {}
    for who, acts in seen.acts.items():
        if served := [row["occurred_at"] for row in acts if row["kind"] == "service"]:
            words = (
                f"service contacts: {len(served)}, days since the last: {seen.since(max(served))}"
            )
            found[who] = "often" if len(served) >= 3 else "now and then", words
    return found


def looks_only(seen: Seen) -> dict[str, Told]:
    return {
        who: ("looks only", f"interactions: {len(acts)}, completed orders: 0")
        for who, acts in seen.acts.items()
        if acts and not seen.orders[who]
    }


def sharing(seen: Seen) -> dict[str, Told]:
    found = {}
    for who in seen.known.customers:
        sent, received = len(seen.sent[who]), len(seen.received[who])
        value = "shares often" if sent >= 5 else "shares" if sent else "receives"
        if sent or received:
            found[who] = value, f"shares sent: {sent}, received: {received}"
    return found


def sharing_freshness(seen: Seen) -> dict[str, Told]:
    found = {}
    for who, shares in seen.sent.items():
        if shares:
            last = seen.since(shares[-1].at)
            value = (
                "shares now" if last <= 90 else "shared this year" if last <= 365 else "no longer"
            )
            recent = sum(seen.within(share.at, 90) for share in shares)
            found[who] = value, f"shares in 90 days: {recent}, days since the last: {last}"
    return found


def brings(seen: Seen) -> dict[str, Told]:
    words = {1: "one", 2: "two"}
    found = {}
    for who, shares in seen.sent.items():
        others = [share for share in shares if share.receiver not in (None, who)]
        reached = {share.receiver for share in others}
        if joined := {share.receiver for share in others if share.outcome in BROUGHT}:
            evidence = f"people who joined or ordered: {len(joined)} of {len(reached)} reached"
            found[who] = words.get(len(joined), "three and more"), evidence
    return found


def sells(seen: Seen) -> dict[str, Told]:
    found = {}
    for who, orders in seen.sold.items():
        if orders := [order for order in orders if order.who != who]:
            recent = sum(seen.within(order.at, 365) for order in orders)
            words = f"orders sold: {len(orders)}, in 365 days: {recent}"
            found[who] = "sells" if recent else "has sold", words
    return found


def favourites(choices: Callable[[Seen, str], Iterable[str]], noun: str) -> Tag:
    """A tag for what somebody chose most often."""

    def rule(seen: Seen) -> dict[str, Told]:
        chosen = {who: favourite(choices(seen, who)) for who in seen.known.customers}
        return {who: (one[0], f"{one[1]} of {one[2]} {noun}") for who, one in chosen.items() if one}

    return rule


RULES = (
    tags_of_buying.recency_tier, tags_of_buying.frequency_tier, tags_of_buying.money_tier,
    tags_of_buying.spending_grade, tags_of_buying.life_stage, tags_of_buying.comebacks,
    tags_of_buying.purchase_count, tags_of_buying.overdue, tags_of_buying.buying_pace,
    tags_of_buying.weekend_buyer, tags_of_buying.coupon_use, tags_of_buying.cancellations,
    aisas_stage, channel_mix, complaint_count, service_history, looks_only, sharing, sharing_freshness, brings, sells,
)  # fmt: skip
TAGS: dict[str, Tag] = {rule.__name__: rule for rule in RULES} | {
    f"favourite_{topic}": favourites(choices, noun)
    for topic, noun, choices in (
        ("channel", "orders", lambda seen, who: [order.row["channel"] for order in seen.orders[who]]),
        ("store", "orders in stores", lambda seen, who: [order.row["store_id"] for order in seen.orders[who]]),
        ("weekday", "orders", lambda seen, who: [WEEKDAYS[order.at.weekday()] for order in seen.orders[who]]),
        ("hour", "orders", lambda seen, who: [f"{order.at:%H}" for order in seen.orders[who]]),
        ("category", "order lines", lambda seen, who: [line["category"] for line in seen.lines[who]]),
        ("brand", "order lines", lambda seen, who: [line["brand"] for line in seen.lines[who]]),
        ("place", "interactions at a place", lambda seen, who: [act["place"] for act in seen.acts[who]]),
    )
}  # fmt: skip
