"""A made-up brand for the relationship, written by DuckDB as Parquet: N customers with one key each, 20 N orders.

Two years. Customers come one after the other; three in ten are brought by one who was there before, so that a forest
of referrals grows some ten generations deep. Few buy much. One order in twenty is returned later, and some are sold by
one of a hundred sellers. Draws are hashes of numbers, so a size gives the same rows each time.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

AS_OF_DATE = date(2026, 1, 1)
ORDERS_PER_CUSTOMER = 20
_MACROS = """
create macro draw(topic, id) as (hash(topic, id) % 1000000007) / 1000000007.0;
create macro pick(topic, id, choices) as choices[1 + cast(floor(draw(topic, id) * len(choices)) as integer)];
create macro after(seconds) as timestamp '2024-01-02' + to_seconds(cast(floor(seconds) as bigint));
create macro span() as 729 * 86400.0;
-- Seconds from the beginning to when a customer came, and to a fact of its own since.
create macro came(customer) as 0.9 * span() * customer / {customers};
create macro since(customer, share) as came(customer) + share * (span() - came(customer));
-- The number of a customer; small draws are those who do much. A prime shuffles them over the years.
create macro someone(share) as (cast(floor({customers} * pow(share, 1.5)) as bigint) * 15485863) % {customers};
create macro key_of(customer) as 'k' || lpad(cast(customer as varchar), 8, '0');
"""
_TABLES = {
    "orders": """
        with drawn as (
            select range as number, someone(draw('buyer', range)) as customer from range({orders})
        ),
        placed as (
            select *, after(since(customer, draw('ordered', number))) as occurred_at from drawn
        )
        select 'shop' as source, 'o' || number as order_id, key_of(customer) as source_key, occurred_at,
            occurred_at + to_days(14 * version) as known_at,
            cast(5 + 200 * pow(draw('amount', number), 3) as decimal(18, 2)) as amount,
            case version when 1 then 'returned' else 'completed' end as status,
            pick('channel', number, ['web', 'app', 'till']) as channel,
            case when pick('channel', number, ['web', 'app', 'till']) = 'till'
                then 'store' || cast(200 * draw('store', number) as integer) end as store_id,
            case when draw('coupon', number) < 0.1 then 'c1' end as coupon_id,
            case when draw('seller', number) < 0.02
                then key_of(cast(100 * draw('who', number) as bigint)) end as seller_key
        from placed
        inner join range(2) as versions(version)
            on version = 0 or draw('returned', number) < 0.05
    """,
    "order_lines": """
        select 'shop' as source, 'o' || range as order_id, 1 as line_no,
            'p' || cast(5000 * draw('product', range) as integer) as product_id, 1 as quantity,
            cast(5 + 200 * pow(draw('amount', range), 3) as decimal(18, 2)) as amount
        from range({orders})
    """,
    "products": """
        select 'p' || range as product_id, 'category' || (range % 30) as category, 'brand' || (range % 70) as brand,
            5 + range % 200 as list_price
        from range(5001)
    """,
    "interactions": """
        with drawn as (
            select range as number, someone(draw('visitor', range)) as customer,
                pick('kind', range, ['view', 'search', 'cart', 'visit', 'enter', 'dwell', 'review', 'service']) as kind
            from range(2 * {customers})
        )
        select 'shop' as source, key_of(customer) as source_key,
            after(since(customer, draw('seen', number))) as occurred_at, kind,
            pick('channel', number, ['web', 'app', 'till']) as channel,
            'store' || cast(200 * draw('place', number) as integer) as place,
            case when kind = 'review' then pick('rating', number, [1, 3, 4, 5, 5]) end as rating
        from drawn
    """,
    "shares": """
        select 'shop' as source, 'b' || range as share_id,
            key_of(cast(floor(range * draw('by', range)) as bigint)) as inviter_key,
            key_of(range) as invitee_key, after(came(range)) as occurred_at, 'chat' as channel, 'ordered' as outcome
        from range({customers})
        where range > 10 and draw('brought', range) < 0.3
        union all
        select 'shop', 's' || range, key_of(someone(draw('sender', range))), key_of(someone(draw('receiver', range))),
            after(span() * draw('sent', range)), 'mail', pick('outcome', range, ['sent', 'opened', 'opened'])
        from range({customers} // 2)
    """,
}  # fmt: skip


def write_made_up_brand(landing: Path, customers: int) -> None:
    """Write the landing zone of a brand of so many customers."""
    size = {"customers": customers, "orders": ORDERS_PER_CUSTOMER * customers}
    with duckdb.connect() as connection:
        connection.execute(
            "set memory_limit = '4GB'; set threads = 2; set preserve_insertion_order = false"
        )
        connection.execute(_MACROS.format(**size))
        for entity, query in _TABLES.items():
            folder = landing / entity
            folder.mkdir(parents=True, exist_ok=True)
            connection.execute(
                f"copy ({query.format(**size)}) to '{folder}/made_up.parquet' (format parquet)"
            )
