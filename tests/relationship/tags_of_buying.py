"""Tags on buying by plain Python, from what the catalogue says they mean: value and evidence by customer."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from tests.relationship.habits_seen import Seen, Told, cents, place, tier, whole


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
    year = {
        who: sum(seen.within(order.at, 365) for order in seen.orders[who]) for who in seen.orders
    }
    buyers = {who: count for who, count in year.items() if count}
    for who, orders in seen.orders.items():
        last, first, recent = seen.since(orders[-1].at), seen.since(orders[0].at), year[who]
        comebacks = returns(seen, who)
        if last > cooling:
            stage = "lost" if last > lost else "sleeping" if last > sleeping else "cooling"
        elif comebacks and comebacks[-1] <= cooling:
            stage = "won back"
        else:
            is_often = recent >= 2 and place(who, buyers) <= Fraction(1, 3)
            stage = "new" if first <= cooling else "loyal" if is_often else "growing"
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
