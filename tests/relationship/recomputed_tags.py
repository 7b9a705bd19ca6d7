"""Tags by plain Python, from what the catalogue says they mean: value and evidence of each customer who has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction

from tests.relationship.habits_seen import Seen, cents, favourite, tier, whole
from tests.relationship.known import BROUGHT

Told = tuple[str, str]
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


def recency_tier(seen: Seen) -> dict[str, Told]:
    ages = {who: seen.since(orders[-1].at) for who, orders in seen.orders.items()}
    places = tier({who: -age for who, age in ages.items()})
    return {who: (places[who], f"days since the last order: {age}") for who, age in ages.items()}


def frequency_tier(seen: Seen) -> dict[str, Told]:
    counts = {who: len(orders) for who, orders in seen.orders.items()}
    places = tier(counts)
    return {who: (places[who], f"completed orders: {count}") for who, count in counts.items()}


def money_tier(seen: Seen) -> dict[str, Told]:
    money = {who: seen.money(who) for who in seen.orders}
    places = tier(money)
    return {who: (places[who], f"spent so far: {cents(spent)}") for who, spent in money.items()}


def spending_grade(seen: Seen) -> dict[str, Told]:
    money = {who: seen.money(who, 365) for who in seen.orders}
    total = sum(money.values(), Decimal(0))
    found = {}
    for who, spent in money.items():
        above = sum((other for other in money.values() if other > spent), Decimal(0))
        percent = whole(Fraction(100 * above) / Fraction(total))
        grade = "D" if spent <= 0 else "A" if percent < 80 else "B" if percent < 95 else "C"
        words = f"spent in 365 days: {cents(spent)}, those who spent more brought {percent} % of the money"
        found[who] = grade, words
    return found


def life_stage(seen: Seen) -> dict[str, Told]:
    cooling, sleeping, lost = seen.rhythm
    found = {}
    for who, orders in seen.orders.items():
        last, first = seen.since(orders[-1].at), seen.since(orders[0].at)
        recent = sum(seen.within(order.at, 365) for order in orders)
        comebacks = returns(seen, who)
        if last > cooling:
            stage = "lost" if last > lost else "sleeping" if last > sleeping else "cooling"
        elif comebacks and comebacks[-1] <= cooling:
            stage = "won back"
        else:
            stage = "new" if first <= cooling else "loyal" if recent >= 4 else "growing"
        words = f"days since the first order: {first}, since the last: {last}, orders in 365 days: {recent}"
        found[who] = stage, words
    return found


def returns(seen: Seen, who: str) -> list[int]:
    """How many days ago a gap longer than the brand's limit of sleeping ended with an order, the last one last."""
    after = zip(seen.gaps(who), seen.days(who)[1:], strict=True)
    return [seen.since(day) for gap, day in after if gap > seen.rhythm[1]]


def comebacks(seen: Seen) -> dict[str, Told]:
    counts = {who: len(returns(seen, who)) for who in seen.orders}
    limit = seen.rhythm[1]
    return {
        who: (
            "once" if count == 1 else "several times",
            f"gaps of more than {limit} days that ended with an order: {count}",
        )
        for who, count in counts.items()
        if count
    }


def purchase_count(seen: Seen) -> dict[str, Told]:
    words = {1: "once", 2: "twice"}
    counts = {who: len(seen.days(who)) for who in seen.orders}
    return {
        who: (words.get(count, "three times and more"), f"days with an order: {count}")
        for who, count in counts.items()
    }


def overdue(seen: Seen) -> dict[str, Told]:
    found = {}
    for who, orders in seen.orders.items():
        gaps = seen.gaps(who)
        if len(gaps) < 2:
            continue
        usual, silent = whole(Fraction(sum(gaps), len(gaps))), seen.since(orders[-1].at)
        value = "overdue" if silent > 2 * usual else "due" if silent > usual else "not yet"
        found[who] = value, f"days since the last order: {silent}, usual gap: {usual}"
    return found


def buying_pace(seen: Seen) -> dict[str, Told]:
    found = {}
    for who, orders in seen.orders.items():
        days, recent = seen.since(orders[0].at), sum(seen.within(order.at, 90) for order in orders)
        if len(orders) < 3 or days < 365:
            continue
        usual = Fraction(90 * len(orders), days)
        value = (
            "faster" if 2 * recent > 3 * usual else "slower" if 2 * recent < usual else "as ever"
        )
        found[who] = value, f"orders in 90 days: {recent}, in all {days} days: {len(orders)}"
    return found


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


def favourites(choices: Callable[[Seen, str], Iterable[str]], noun: str) -> Tag:
    """A tag for what somebody chose most often."""

    def rule(seen: Seen) -> dict[str, Told]:
        chosen = {who: favourite(choices(seen, who)) for who in seen.known.customers}
        return {who: (one[0], f"{one[1]} of {one[2]} {noun}") for who, one in chosen.items() if one}

    return rule


def channel_mix(seen: Seen) -> dict[str, Told]:
    words = {1: "one channel", 2: "two channels"}
    found = {}
    for who, orders in seen.orders.items():
        if chosen := favourite(order.row["channel"] for order in orders):
            _, _, total, choices = chosen
            value = words.get(choices, "three channels and more")
            found[who] = value, f"channels: {choices} over {total} orders"
    return found


def weekend_buyer(seen: Seen) -> dict[str, Told]:
    found = {}
    for who, orders in seen.orders.items():
        weekends = sum(order.at.weekday() >= 5 for order in orders)
        if len(orders) >= 3:
            value = "any day" if weekends else "weekdays only"
            value = "mostly weekends" if 2 * weekends > len(orders) else value
            found[who] = value, f"{weekends} of {len(orders)} orders on weekends"
    return found


def coupon_use(seen: Seen) -> dict[str, Told]:
    found = {}
    for who, orders in seen.orders.items():
        count = sum(bool(order.row["coupon_id"]) for order in orders)
        value = "never" if not count else "often" if 2 * count >= len(orders) else "sometimes"
        found[who] = value, f"{count} of {len(orders)} orders with a coupon"
    return found


def cancellations(seen: Seen) -> dict[str, Told]:
    found: dict[str, Told] = {}
    undone = [order.who for order in seen.known.orders if order.who and order.status == "cancelled"]
    for who in set(undone):
        count = undone.count(who)
        words = f"orders cancelled: {count}, completed: {len(seen.orders[who])}"
        found[who] = "several" if count > 1 else "one", words
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


TAGS: dict[str, Tag] = {
    rule.__name__: rule
    for rule in (
        recency_tier, frequency_tier, money_tier, spending_grade, life_stage, comebacks, purchase_count, overdue,
        buying_pace, aisas_stage, channel_mix, weekend_buyer, coupon_use, cancellations, complaint_count,
        service_history, looks_only, sharing, sharing_freshness, brings, sells,
    )
} | {
    "favourite_channel": favourites(
        lambda seen, who: (order.row["channel"] for order in seen.orders[who]), "orders"
    ),
    "favourite_store": favourites(
        lambda seen, who: (order.row["store_id"] for order in seen.orders[who]), "orders in stores"
    ),
    "favourite_weekday": favourites(
        lambda seen, who: (WEEKDAYS[order.at.weekday()] for order in seen.orders[who]), "orders"
    ),
    "favourite_hour": favourites(
        lambda seen, who: (f"{order.at:%H}" for order in seen.orders[who]), "orders"
    ),
    "favourite_category": favourites(
        lambda seen, who: (line["category"] for line in seen.lines[who]), "order lines"
    ),
    "favourite_brand": favourites(
        lambda seen, who: (line["brand"] for line in seen.lines[who]), "order lines"
    ),
    "favourite_place": favourites(
        lambda seen, who: (row["place"] for row in seen.acts[who]), "interactions at a place"
    ),
}  # fmt: skip
