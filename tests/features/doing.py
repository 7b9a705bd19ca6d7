"""Features of browsing, messages, devices and shares, told by the oracle: plain Python beside the SQL."""

from __future__ import annotations

from collections import Counter, defaultdict

from tests.features.buying import Values, past_windows
from tests.features.oracle import Seen, gaps_of, ratio, within
from tests.features.worlds import Row


def decayed(rows: list[Row], half_life: int) -> float:
    """Facts, each weighing half as much after a half-life."""
    return sum(0.5 ** (row["ago"] / half_life) for row in rows)


def pace(rows: list[Row], days: int) -> float | None:
    """The rate of the last days over that since the first fact."""
    tenure = max((row["ago"] for row in rows), default=0)
    return ratio(ratio(len(within(rows, days)), min(days, tenure)), ratio(len(rows), tenure))


def last_order(seen: Seen, customer: str) -> float:
    return min(seen.order_days(customer), default=float("inf"))


def interactions(seen: Seen, customer: str) -> Values:
    rows = seen.interactions.get(customer, [])
    days = sorted({row["ago"] for row in rows})
    gaps = gaps_of(days)
    found: Values = {
        "interactions_count_all": len(rows),
        "interaction_days_count_all": len(days),
        "days_since_last_interaction": min(days, default=None),
        "days_since_first_interaction": max(days, default=None),
        "interaction_mean_gap_days": ratio(sum(gaps), len(gaps)),
        "last_interaction_to_longest_gap_ratio": ratio(days[0], max(gaps)) if gaps else None,
        "last_interaction_to_mean_gap_ratio": ratio(days[0] * len(days), days[-1]) if days else None,
        "interactions_per_day": ratio(len(rows), max(days, default=0)),
    }  # fmt: skip
    for window in (1, 3, 7, 14, 30, 60, 90, 365):
        found[f"interactions_count_{window}d"] = len(within(rows, window))
    for window in (3, 7, 14, 30):
        found[f"interactions_decayed_{window}d"] = decayed(rows, window)
        found[f"interactions_pace_{window}d"] = pace(rows, window)
    if rows:
        week, month, quarter = (len(within(rows, window)) for window in (7, 30, 90))
        found["interactions_momentum"] = ratio(10 * decayed(rows, 3), decayed(rows, 30))
        found["interactions_trend_7d"] = (week + 0.5) / (month - week + 1.5)
        found["interactions_trend_30d"] = (month + 0.5) / (quarter - month + 1)
    for kind, many in (
        ("view", "views"),
        ("search", "searches"),
        ("cart", "carts"),
        ("visit", "visits"),
    ):
        mine = [row for row in rows if row["kind"] == kind]
        seen_on = sorted({row["ago"] for row in mine})
        span = seen_on[-1] - seen_on[0] if seen_on else 0
        found[f"days_since_last_{kind}"] = min(seen_on, default=None)
        found[f"{kind}_mean_gap_days"] = ratio(span, len(seen_on) - 1) if seen_on else None
        found[f"last_{kind}_to_mean_gap_ratio"] = (
            ratio(seen_on[0] * (len(seen_on) - 1), span) if seen_on else None
        )
        found[f"{many}_decayed_7d"] = decayed(mine, 7)
        found[f"{many}_since_last_order_count"] = sum(
            row["ago"] < last_order(seen, customer) for row in mine
        )
        for window in (7, 30, 90):
            found[f"{many}_count_{window}d"] = len(within(mine, window))
    return found


def store(seen: Seen, customer: str) -> Values:
    steps = ("approach", "enter", "dwell", "try", "bag", "leave")
    rows = [row for row in seen.interactions.get(customer, []) if row["kind"] in steps]
    counts = Counter(row["kind"] for row in rows)
    days = sorted({row["ago"] for row in rows})
    timed = [row for row in rows if row["duration_seconds"] != ""]
    found: Values = {
        "store_enter_share": ratio(counts["enter"], counts["approach"]),
        "store_try_share": ratio(counts["try"], counts["enter"]),
        "store_bag_share": ratio(counts["bag"], counts["enter"]),
        "store_seconds": ratio(sum(row["duration_seconds"] for row in timed), len(timed)),
        "days_since_last_store_day": min(days, default=None),
        "store_mean_gap_days": ratio(days[-1] - days[0], len(days) - 1) if days else None,
    }
    for window in (30, 90):
        for kind, many in (("enter", "entries"), ("bag", "bags")):
            mine = [row for row in within(rows, window) if row["kind"] == kind]
            found[f"store_{many}_count_{window}d"] = len(mine)
        found[f"store_days_count_{window}d"] = sum(ago <= window for ago in days)
    recent = within(timed, 90)
    now = ratio(sum(row["duration_seconds"] for row in recent), len(recent))
    found["store_seconds_trend_90d"] = ratio(now, found["store_seconds"])
    return found


def service(seen: Seen, customer: str) -> Values:
    rows = seen.interactions.get(customer, [])
    complaints, asked = (
        [row for row in rows if row["kind"] == kind] for kind in ("complaint", "service")
    )
    served = min((row["ago"] for row in asked), default=float("inf"))
    ordered = min(seen.order_days(customer), default=0)
    return {
        "complaints_count_30d": len(within(complaints, 30)),
        "complaints_count_all": len(complaints),
        "services_count_90d": len(within(asked, 90)),
        "days_since_last_complaint": min((row["ago"] for row in complaints), default=None),
        "complaints_decayed_30d": decayed(complaints, 30),
        "complaints_since_last_order_count": sum(row["ago"] <= ordered for row in complaints),
        "complaint_is_open": any(row["ago"] <= 60 and served > row["ago"] for row in complaints),
    }


def reviews(seen: Seen, customer: str) -> Values:
    rows = seen.interactions.get(customer, [])
    rated = [row for row in rows if row["rating"] != ""]
    best = max(
        row["rating"]
        for every in seen.interactions.values()
        for row in every
        if row["rating"] != ""
    )
    bad = [row for row in rated if row["rating"] < 0.6 * best]
    last = [row["rating"] for row in rated if row["ago"] == min(row["ago"] for row in rated)]
    usual = ratio(sum(row["rating"] for row in rated), len(rated))
    recent = [row["rating"] for row in within(rated, 90)]
    return {
        "reviews_count_90d": len(within([row for row in rows if row["kind"] == "review"], 90)),
        "ratings_count_all": len(rated),
        "mean_rating": usual,
        "last_rating": ratio(sum(last), len(last)),
        "rating_trend_90d": ratio(ratio(sum(recent), len(recent)), usual),
        "bad_ratings_count_365d": len(within(bad, 365)),
        "bad_ratings_since_last_order_count": sum(row["ago"] <= last_order(seen, customer) for row in bad),
    }  # fmt: skip


def messages(seen: Seen, customer: str) -> Values:
    rows = seen.contacts.get(customer, [])
    opened = [row for row in rows if row["outcome"] != "delivered"]
    clicked = [row for row in rows if row["outcome"] in ("clicked", "redeemed")]
    found: Values = {
        "messages_redeemed_count_365d": sum(
            row["outcome"] == "redeemed" for row in within(rows, 365)
        ),
        "messages_refused_count_all": sum(row["outcome"] == "unsubscribed" for row in rows),
    }
    for name, some in (("received", rows), ("opened", opened), ("clicked", clicked)):
        found[f"days_since_last_message_{name}"] = min((row["ago"] for row in some), default=None)
        for days in (7, 30, 90) if name == "received" else (30, 90, 365):
            found[f"messages_{name}_count_{days}d"] = len(within(some, days))
        for days in (90, 365) if name != "received" else ():
            found[f"messages_{name}_share_{days}d"] = ratio(
                len(within(some, days)), len(within(rows, days))
            )
    if rows:
        now = (len(within(opened, 30)) + 0.5) / (len(within(rows, 30)) + 1)
        found["messages_opened_trend_30d"] = now / ((len(opened) + 0.5) / (len(rows) + 1))
    return found


def devices(seen: Seen, customer: str) -> Values:
    rows = seen.measurements.get(customer, [])
    found: Values = {
        "readings_count_28d": len(within(rows, 28)),
        "days_since_last_reading": min((row["ago"] for row in rows), default=None),
        "readings_pace_28d": pace(rows, 28),
    }
    if rows:
        counts = Counter(row["metric"] for row in rows)
        main = min(counts, key=lambda name: (-counts[name], name))
        mine = [row for row in rows if row["metric"] == main]
        recent = [row["value"] for row in within(mine, 28)]
        usual = sum(row["value"] for row in mine) / len(mine)
        found["reading_value_trend_28d"] = ratio(ratio(sum(recent), len(recent)), usual)
    return found


def shares(seen: Seen, customer: str) -> Values:
    sent = [row for row in seen.shares if row["inviter"] == customer]
    got = [row for row in seen.shares if row["invitee"] == customer]
    days = sorted({row["ago"] for row in sent})
    gaps = gaps_of(days)
    history = max(row["ago"] for row in seen.shares)
    last_sent = min(days, default=float("inf"))
    found: Values = {
        "shares_sent_count_all": len(sent),
        "share_days_count_all": len(days),
        "people_shared_with_count_all": len({row["invitee"] for row in sent} - {None}),
        "shares_joined_count_all": sum(row["outcome"] in ("joined", "ordered") for row in sent),
        "days_since_last_share_sent": min(days, default=None),
        "share_mean_gap_days": ratio(sum(gaps), len(gaps)),
        "share_last_gap_days": gaps[-1] if gaps else None,
        "shares_sent_per_history_day": len(sent) / history,
        "share_days_per_history_day": len(days) / history,
        "shares_sent_per_day": ratio(len(sent), max(days, default=0)),
        "last_share_to_longest_gap_ratio": ratio(days[0], max(gaps)) if gaps else None,
        "last_share_to_mean_gap_ratio": ratio(days[0] * len(days), days[-1]) if days else None,
        "shares_opened_share": ratio(sum(row["outcome"] != "sent" for row in sent), len(sent)),
        "share_days_per_day": ratio(len(days), max(days, default=0)),
        "shares_received_count_all": len(got),
        "people_received_from_count_all": len({row["inviter"] for row in got}),
        "days_since_last_share_received": min((row["ago"] for row in got), default=None),
        "shares_received_since_last_sent_count": sum(row["ago"] < last_sent for row in got),
        "shares_sent_to_received_ratio": ratio(len(sent), len(got)),
    }
    for window in (3, 7, 14, 30):
        found[f"share_days_count_{window}d"] = sum(ago <= window for ago in days)
    for window in (1, 2, 3, 5, 7, 14, 30, 90, 365):
        found[f"shares_sent_count_{window}d"] = len(within(sent, window))
        found[f"shares_received_count_{window}d"] = len(within(got, window))
    for window in (1, 3, 7, 30):
        found[f"shares_sent_decayed_{window}d"] = decayed(sent, window)
        found[f"shares_sent_pace_{window}d"] = pace(sent, window)
        found[f"shares_received_decayed_{window}d"] = decayed(got, window)
    return found


def neighbours(seen: Seen, customer: str) -> Values:
    pairs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in seen.shares:
        if row["invitee"] and row["invitee"] != row["inviter"]:
            pairs[row["inviter"], row["invitee"]].append(row["ago"])
    invited = sorted({there for here, there in pairs if here == customer})
    senders = sorted({here for here, there in pairs if there == customer})

    def sharing(person: str) -> list[int]:
        return [row["ago"] for row in seen.shares if row["inviter"] == person]

    def ordering(person: str) -> list[int]:
        return [row["ago"] for row in seen.completed.get(person, [])]

    answering = [person for person in invited if (person, customer) in pairs]
    waiting = [
        person
        for person in senders
        if min(pairs.get((customer, person), [10**6])) > min(pairs[person, customer])
    ]
    lively = [one for one in invited if min([*sharing(one), *ordering(one)], default=99) <= 30]
    friends = [person for person in senders if (customer, person) in pairs]
    found: Values = {
        "people_answering_count_all": len(answering),
        "people_answering_share": ratio(len(answering), len(invited)),
        "invited_active_share_30d": ratio(len(lively), len(invited)),
        "invited_shares_count_30d": sum(ago <= 30 for one in invited for ago in sharing(one)),
        "invited_orders_count_90d": sum(ago <= 90 for one in invited for ago in ordering(one)),
        "liveliest_sender_shares_count": max((len(sharing(one)) for one in senders), default=0),
        "senders_shares_count_30d": sum(ago <= 30 for one in senders for ago in sharing(one)),
        "people_answered_share": ratio(len(friends), len(senders)),
        "people_answered_count_all": len(friends),
        "days_since_last_share_of_senders": min(
            (ago for one in senders for ago in sharing(one)), default=None
        ),
        "shares_per_person": ratio(sum(len(pairs[customer, one]) for one in invited), len(invited)),
    }
    for days in (3, 7):
        found[f"people_answered_shares_count_{days}d"] = sum(
            ago <= days for one in friends for ago in sharing(one)
        )
        found[f"people_to_answer_count_{days}d"] = sum(
            min(pairs[one, customer]) <= days for one in waiting
        )
    return found


def past_shares(seen: Seen, customer: str) -> Values:
    days: dict[str, set[int]] = defaultdict(set)
    for row in seen.shares:
        days[row["inviter"]].add(row["ago"])
    return past_windows(
        {name: sorted(found) for name, found in days.items()}, customer, "shared", (7,)
    )


def standing(seen: Seen, customer: str) -> Values:
    def place(start: int, people: list[str]) -> float:
        counts = {
            one: sum(start < ago <= start + 365 for ago in seen.order_days(one)) for one in people
        }
        buyers = [count for count in counts.values() if count]
        mine = counts.get(customer, 0)
        return sum(count < mine for count in buyers) / len(buyers) if mine else 0.0

    people = sorted(set(seen.customers.values()))
    brought = {
        row["invitee"]
        for row in seen.shares
        if row["inviter"] == customer and row["invitee"] not in (None, customer)
        and row["ago"] <= 365 and row["outcome"] in ("joined", "ordered")
    }  # fmt: skip
    return {
        "place_among_customers": place(0, people),
        "place_change_90d": place(0, people) - place(90, people),
        "people_brought_count_365d": len(brought),
        "order_days_change_90d": sum(ago <= 365 for ago in seen.order_days(customer))
        - sum(90 < ago <= 455 for ago in seen.order_days(customer)),
    }


def calendar(seen: Seen, customer: str) -> Values:
    sold = [row["ago"] for rows in seen.completed.values() for row in rows]
    mine = [row["ago"] for row in seen.completed.get(customer, [])]
    last_year = sum(365 < ago <= 393 for ago in sold)
    return {
        "brand_orders_to_last_year_ratio": ratio(sum(ago <= 28 for ago in sold), last_year),
        "brand_season_ahead_ratio_30d": ratio(
            sum(335 < ago <= 365 for ago in sold), sum(365 < ago <= 395 for ago in sold)
        ),
        "orders_year_ago_count_30d": sum(335 < ago <= 365 for ago in mine),
    }  # fmt: skip
