"""Features of orders, baskets and prices, told by the oracle: plain Python beside the SQL."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict

from tests.features.oracle import Seen, gaps_of, ratio, within
from tests.features.worlds import Row

Values = dict[str, float | None]
WINDOWS = (7, 14, 30, 60, 90, 180, 365, 730)
PRIOR = 20


def frequency_class(order_days: int) -> int:
    """Peers by the number of order days."""
    return next(
        (5 - number for number, least in enumerate((10, 5, 3)) if order_days >= least), order_days
    )


def silence_class(days: int) -> int:
    """Steps of silence that grow."""
    return sum(days > bound for bound in (3, 7, 14, 30, 60, 90, 180, 365))


def entropy(counts: list[int]) -> float:
    """Shannon's, in nats."""
    total = sum(counts)
    return -sum(n / total * math.log(n / total) for n in counts)


def orders(seen: Seen, customer: str) -> Values:
    done, every = seen.completed.get(customer, []), seen.orders.get(customer, [])
    undone = [row for row in every if row["status"] != "completed"]
    found: Values = {
        "orders_count_all": len(done),
        "orders_amount_all": sum(row["amount"] for row in done),
        "order_days_count_all": len(seen.order_days(customer)),
        "days_since_last_undone_order": min((row["ago"] for row in undone), default=None),
    }
    for days in WINDOWS:
        found[f"orders_count_{days}d"] = len(within(done, days))
    for days in (30, 90, 180, 365, 730):
        found[f"orders_amount_{days}d"] = sum(row["amount"] for row in within(done, days))
    for days in (30, 90, 180, 365):
        found[f"order_days_count_{days}d"] = sum(ago <= days for ago in seen.order_days(customer))
    for status in ("cancelled", "returned"):
        rows = [row for row in undone if row["status"] == status]
        for days in (90, 365):
            found[f"{status}_orders_count_{days}d"] = len(within(rows, days))
    if every:
        before = {days: len(within(done, 2 * days)) - len(within(done, days)) for days in WINDOWS}
        for days in (30, 60, 90, 180):
            found[f"orders_trend_{days}d"] = (len(within(done, days)) + 0.5) / (before[days] + 0.5)
        returned = sum(row["status"] == "returned" for row in undone)
        found["returned_orders_share"] = ratio(returned, len(done) + returned)
    if done:
        last, first = min(row["ago"] for row in done), max(row["ago"] for row in done)
        for days in (30, 90, 180):
            pace = ratio(len(within(done, days)), min(days, first))
            found[f"orders_pace_{days}d"] = ratio(pace, len(done) / first)
        found["largest_order_amount"] = max(row["amount"] for row in done)
        found["mean_order_amount"] = ratio(found["orders_amount_all"], len(done))
        found["last_order_amount"] = sum(row["amount"] for row in done if row["ago"] == last)
        found["last_order_to_mean_amount_ratio"] = ratio(
            found["last_order_amount"], found["mean_order_amount"]
        )
        for days in (90, 180):
            earlier = [row["amount"] for row in done if days < row["ago"] <= 2 * days]
            recent = [row["amount"] for row in within(done, days)]
            found[f"orders_amount_trend_{days}d"] = ratio(
                sum(recent) if recent else None, sum(earlier)
            )
    return found


def all_gaps(seen: Seen) -> list[tuple[int, int, bool]]:
    """Every gap of every customer: the class before it, its length, and whether it is closed."""
    found = []
    for customer in seen.completed:
        days = sorted(seen.order_days(customer), reverse=True)
        for number, gap in enumerate(gaps_of(days), start=1):
            found.append((frequency_class(number), gap, True))
        found.append((frequency_class(len(days)), days[-1], False))
    return found


def recency(seen: Seen, customer: str) -> Values:
    days = seen.order_days(customer)
    if not days:
        return {"days_since_last_order": None, "gaps_outlasted_share": None}
    silence, tenure, gaps = days[0], days[-1], gaps_of(days)
    usual = statistics.mean(gaps) if gaps else None
    found: Values = {
        "days_since_last_order": silence,
        "days_since_first_order": tenure,
        "days_since_second_last_order": days[1] if len(days) > 1 else None,
        "last_gap_days": gaps[-1] if gaps else None,
        "mean_gap_days": usual,
        "median_gap_days": statistics.median(gaps) if gaps else None,
        "longest_gap_days": max(gaps, default=None),
        "shortest_gap_days": min(gaps, default=None),
        "last_order_to_mean_gap_ratio": ratio(silence, usual),
        "last_order_to_median_gap_ratio": ratio(silence, statistics.median(gaps)) if gaps else None,
        "last_order_to_longest_gap_ratio": ratio(silence, max(gaps, default=None)),
        "last_order_to_last_gap_ratio": ratio(silence, gaps[-1] if gaps else None),
        "last_order_to_recent_gap_ratio": ratio(silence, statistics.mean(gaps[-3:])) if gaps else None,
        "last_order_to_tenure_ratio": silence / tenure,
        "gaps_outlasted_share": ratio(sum(gap < silence for gap in gaps), len(gaps)),
        "days_until_order_due": usual - silence if usual is not None else None,
        "order_days_per_day": len(days) / tenure,
    }  # fmt: skip
    return found


def peers(seen: Seen, customer: str) -> Values:
    days = seen.order_days(customer)
    if not days:
        return {"last_order_to_peers_gap_ratio": None, "days_until_order_due_by_peers": None}
    gaps = gaps_of(days)
    theirs = [
        gap for kind, gap, closed in all_gaps(seen) if closed and kind == frequency_class(len(days))
    ]
    by_peers = statistics.mean(theirs) if theirs else None
    return {
        "last_order_to_peers_gap_ratio": ratio(days[0], by_peers),
        "mean_gap_to_peers_ratio": ratio(statistics.mean(gaps) if gaps else None, by_peers),
        "days_until_order_due_by_peers": by_peers - days[0] if by_peers is not None else None,
    }


def regularity(seen: Seen, customer: str) -> Values:
    days = seen.order_days(customer)
    gaps = gaps_of(days)
    found: Values = dict.fromkeys(("gap_days_stddev", "gap_days_variation", "order_clumpiness"))
    if gaps:
        spacings = [gap / days[-1] for gap in [*gaps, days[0]]]
        found["order_clumpiness"] = 1 + sum(x * math.log(x) for x in spacings) / math.log(len(days))
        found["recent_to_mean_gap_ratio"] = statistics.mean(gaps[-3:]) / statistics.mean(gaps)
        found["last_to_mean_gap_ratio"] = gaps[-1] / statistics.mean(gaps)
    if len(gaps) > 1:
        spread, usual = statistics.stdev(gaps), statistics.mean(gaps)
        found["gap_days_stddev"] = spread
        found["gap_days_variation"] = spread / usual
        found["silence_beyond_rhythm_ratio"] = ratio(days[0] - usual, spread)
    return found


def hazard(seen: Seen, customer: str) -> Values:
    days = seen.order_days(customer)
    if not days:
        return {"order_hazard_30d": None, "silence_survival_share": None}
    gaps, kind, silence = all_gaps(seen), frequency_class(len(days)), days[0]

    def stays(day: int) -> float:
        """The share of gaps at risk on a day that an order did not end."""

        def counts(rows: list[tuple[int, int, bool]]) -> tuple[int, int]:
            ended = sum(closed and gap == day for _, gap, closed in rows)
            return ended, sum(gap >= day if closed else gap > day for _, gap, closed in rows)

        ended, at_risk = counts([gap for gap in gaps if gap[0] == kind])
        every, all_at_risk = counts(gaps)
        drawn = PRIOR * every / max(all_at_risk, 1)
        return 1 - min((ended + drawn) / (at_risk + PRIOR), 0.999)

    found: Values = {"silence_survival_share": math.prod(stays(day) for day in range(1, silence))}
    for horizon in (30, 60):
        left = math.prod(stays(day) for day in range(silence, silence + horizon))
        found[f"order_hazard_{horizon}d"] = 1 - left
    return found


def baskets(seen: Seen, customer: str) -> Values:
    lines = seen.lines.get(customer, [])
    found: Values = {
        "order_lines_count_all": len(lines),
        "items_count_all": sum(row["quantity"] for row in lines),
    }
    for days in (30, 90, 365):
        found[f"order_lines_count_{days}d"] = len(within(lines, days))
    if not lines:
        return found
    goods: dict[str, list[Row]] = defaultdict(list)
    for row in lines:
        goods[row["product_id"]].append(row)
    first = {name: max(row["ago"] for row in rows) for name, rows in goods.items()}
    visits = Counter(row["ago"] for row in lines)
    price = ratio(sum(row["amount"] for row in lines), found["items_count_all"])
    counts = sorted(len(rows) for rows in goods.values())
    found |= {
        "lines_per_order_day": len(lines) / len(visits),
        "last_basket_to_mean_lines_ratio": visits[min(visits)] * len(visits) / len(lines),
        "mean_item_price": price,
        "products_count_all": len(goods),
        "products_count_90d": len({row["product_id"] for row in within(lines, 90)}),
        "repeat_products_share": sum(len({row["ago"] for row in rows}) > 1 for rows in goods.values()) / len(goods),
        "top_product_share": counts[-1] / len(lines),
        "product_entropy": entropy(counts),
        "repeat_lines_share": (len(lines) - len(goods)) / len(lines),
    }  # fmt: skip
    for days in (90, 365):
        recent = within(lines, days)
        bought = {row["product_id"] for row in recent}
        repeats = sum(row["ago"] < first[row["product_id"]] for row in recent)
        found[f"repeat_lines_share_{days}d"] = ratio(repeats, len(recent))
        found[f"new_products_share_{days}d"] = ratio(
            sum(first[name] <= days for name in bought), len(bought)
        )
    for days in (90, 180):
        recent = within(lines, days)
        now = ratio(sum(row["amount"] for row in recent), sum(row["quantity"] for row in recent))
        found[f"item_price_trend_{days}d"] = ratio(now, price)
    return found


def categories(seen: Seen, customer: str) -> Values:
    lines = [row for row in seen.lines.get(customer, []) if row["category"]]
    found: Values = {"categories_count_all": len({row["category"] for row in lines})}
    found["categories_count_90d"] = len({row["category"] for row in within(lines, 90)})
    if lines:
        counts = Counter(row["category"] for row in lines)
        last = {
            name: min(row["ago"] for row in lines if row["category"] == name) for name in counts
        }
        top = min(counts, key=lambda name: (-counts[name], last[name], name))
        found["category_entropy"] = entropy(list(counts.values()))
        found["top_category_share"] = counts[top] / len(lines)
        found["days_since_last_order_of_top_category"] = last[top]
    return found


def prices(seen: Seen, customer: str) -> Values:
    done = seen.completed.get(customer, [])
    coupons = [row for row in done if row["coupon_id"]]
    found: Values = {
        "coupon_orders_count_all": len(coupons),
        "coupon_orders_share": ratio(len(coupons), len(done)),
        "days_since_last_coupon_order": min((row["ago"] for row in coupons), default=None),
    }
    for days in (None, 90, 365):
        rows = within(done, days or 10**6)
        discount = sum(float(row["discount"] or 0) for row in rows)
        name = f"discount_share_{days}d" if days else "discount_share"
        found[name] = (
            ratio(discount, discount + sum(row["amount"] for row in rows)) if rows else None
        )
        if days:
            mean = ratio(sum(row["amount"] for row in rows), len(rows))
            usual = ratio(sum(row["amount"] for row in done), len(done))
            found[f"order_amount_trend_{days}d"] = ratio(mean, usual)
            found[f"coupon_orders_share_{days}d"] = ratio(len(within(coupons, days)), len(rows))
    return found


def list_prices(seen: Seen, customer: str) -> Values:
    lines = [row for row in seen.lines.get(customer, []) if row["price"] and row["quantity"]]
    listed = sum(row["price"] * row["quantity"] for row in lines)
    return {
        "paid_to_list_price_ratio": ratio(sum(row["amount"] for row in lines), listed),
        "mean_list_price": ratio(listed, sum(row["quantity"] for row in lines)),
    }


def past_windows(
    days: dict[str, list[int]], customer: str, verb: str, horizons: tuple[int, ...]
) -> Values:
    """Labels of closed windows, own and of whoever stood alike; `days` are days ago with the event."""
    found: Values = {}
    if customer not in days:
        return {f"group_{verb}_share_{horizon}d": None for horizon in horizons}
    mine = days[customer]
    for horizon in horizons:
        spans = [{(ago - 1) // horizon for ago in theirs} for theirs in days.values()]
        own = {(ago - 1) // horizon for ago in mine}
        since = (max(mine) - 1) // horizon
        found[f"{verb}_windows_share_{horizon}d"] = ratio(len(own) - 1, since)
        for number in (1, 2, 3):
            known = max(mine) > number * horizon
            found[f"{verb}_in_window_{number}_of_{horizon}d"] = (
                float(number - 1 in own) if known else None
            )
        standing = []
        for theirs, span in zip(days.values(), spans, strict=True):
            before = [ago - horizon for ago in theirs if ago > horizon]
            if before:
                group = (frequency_class(len(before)), silence_class(min(before)))
                standing.append((group, 0 in span))
        if standing:
            overall = sum(has for _, has in standing) / len(standing)
            group = (frequency_class(len(mine)), silence_class(min(mine)))
            alike = [has for other, has in standing if other == group]
            found[f"group_{verb}_share_{horizon}d"] = (sum(alike) + PRIOR * overall) / (
                len(alike) + PRIOR
            )
    return found


def past_orders(seen: Seen, customer: str) -> Values:
    return past_windows(
        {name: seen.order_days(name) for name in seen.completed}, customer, "ordered", (30, 60)
    )
