"""The queries behind the facts: temporary tables of one day, one step each, and what is read from them.

$day is the day whose knowledge counts, $today the day of the run, $until the exclusive end of a window.
"""

from __future__ import annotations

PRODUCT, CATEGORY = "product", "category"
KINDS = (PRODUCT, CATEGORY)

BOUGHT_HALF_LIFE = 180
"""Days after which a purchase says half as much about taste."""
LOOKED_HALF_LIFE = 14
LOOKED_DAYS = 90
POPULAR_HALF_LIFE = 30
"""Days after which a sale says half as much about what is popular now."""


def parts_of(kind: str) -> dict[str, str]:
    """What differs between the kinds, to fill into a query: how a product becomes the thing that is offered."""
    kind_column = "product_id" if kind == PRODUCT else "category"
    fade = "cast(power(cast(0.5 as double), cast({} as double) / {}) as decimal(18, 9))"
    return {
        "item": "facts.product_id" if kind == PRODUCT else "subjects.category",
        "subjects": "left join" if kind == PRODUCT else "inner join",
        "days_ago": "date_diff('day', cast(facts.occurred_at as date), $day)",
        "bought_fade": fade.format("days_ago", BOUGHT_HALF_LIFE),
        "looked_fade": fade.format("days_ago", LOOKED_HALF_LIFE),
        "popular_fade": fade.format("days_ago", POPULAR_HALF_LIFE),
        "looked_days": str(LOOKED_DAYS),
        "kept": kind_column,
        "kept_title": "name" if kind == PRODUCT else "category",
        "kept_brand": "brand" if kind == PRODUCT else "cast(null as varchar)",
    }


STEPS = {
    # The holders of records on the day, without whoever refused by the day of the run.
    "holders": """
        select then_.record_no, then_.customer_id
        from identity.customer_map as then_
        where then_.valid_from <= $day and (then_.valid_to is null or then_.valid_to > $day)
            and then_.customer_id not in (
                select held.customer_id
                from identity.customer_map as held
                inner join identity.customer_map as now_ on held.record_no = now_.record_no
                inner join events.int_customer__refusals as refused
                    on now_.customer_id = refused.customer_id
                where held.valid_from <= $day and (held.valid_to is null or held.valid_to > $day)
                    and now_.valid_from <= $today and (now_.valid_to is null or now_.valid_to > $today)
            )""",
    "people": """
        select customer_id, cast(row_number() over (order by customer_id) - 1 as integer) as customer
        from (select distinct customer_id from reco_holders)""",
    "records": """
        select holders.record_no, people.customer
        from reco_holders as holders
        inner join reco_people as people on holders.customer_id = people.customer_id""",
    "lines": """
        select records.customer, {item} as item, facts.status, {days_ago} as days_ago
        from (
            select orders.record_no, orders.status, orders.occurred_at, lines.product_id
            from events.fct_orders as orders
            inner join events.fct_order_lines as lines
                on orders.source = lines.source and orders.order_id = lines.order_id
            where orders.visible_on <= $day and (orders.superseded_on is null or orders.superseded_on > $day)
                and orders.status in ('completed', 'returned') and lines.quantity >= 0
        ) as facts
        inner join reco_records as records on facts.record_no = records.record_no
        {subjects} events.product_categories as subjects on facts.product_id = subjects.product_id
        where {item} is not null""",
    "looks": """
        select records.customer, {item} as item, facts.kind, {days_ago} as days_ago
        from events.fct_interactions as facts
        inner join reco_records as records on facts.record_no = records.record_no
        {subjects} events.product_categories as subjects on facts.product_id = subjects.product_id
        left join seeds.journey_kinds as kinds on facts.kind = kinds.kind
        where facts.visible_on <= $day and {item} is not null
            and (facts.kind = 'return' or (kinds.stage in ('interest', 'search') and {days_ago} <= {looked_days}))""",
    "names": """
        select item, cast(row_number() over (order by item) - 1 as integer) as item_no
        from (
            select item from reco_lines
            union
            select item from reco_looks
            union
            select {kept} as item
            from events.dim_products
            where launched_at < $day and {kept} is not null
        )""",
    "titles": """
        select {kept} as item, min({kept_title}) as title, min(category) as category, min({kept_brand}) as brand,
            cast(min(date_diff('day', cast(launched_at as date), $day)) as double) as launched_days_ago
        from events.dim_products
        where {kept} is not null
        group by {kept}""",
    "bought": """
        select customer, item,
            cast(count(distinct case when status = 'completed' then days_ago end) as integer) as order_days,
            cast(coalesce(max(case when status = 'completed' then days_ago end), -1) as integer) as first_bought,
            cast(coalesce(min(case when status = 'completed' then days_ago end), -1) as integer) as last_bought,
            cast(coalesce(sum(case when status = 'completed' then {bought_fade} end), 0) as float) as bought,
            max(status = 'returned') as returned
        from reco_lines
        group by customer, item""",
    "looked": """
        select customer, item,
            cast(count(case when kind <> 'return' then 1 end) as integer) as looks,
            cast(count(case when kind in ('cart', 'bag', 'wishlist') then 1 end) as integer) as carts,
            cast(coalesce(min(case when kind <> 'return' then days_ago end), -1) as integer) as last_looked,
            cast(coalesce(sum(case when kind <> 'return' then {looked_fade} end), 0) as float) as looked,
            max(kind = 'return') as returned
        from reco_looks
        group by customer, item""",
    "sold": """
        select item, min(days_ago) as sold_days_ago, cast(sum({popular_fade}) as double) as sold_lately
        from (select distinct customer, item, days_ago from reco_lines where status = 'completed')
        group by item""",
    "seen": """
        select item, min(days_ago) as seen_days_ago, cast(sum({popular_fade}) as double) as looked_lately
        from (select distinct customer, item, days_ago from reco_looks where kind <> 'return')
        group by item""",
}

"""Each becomes the temporary table reco_<name>, in this order."""

SOME_PEOPLE = """
    create or replace temp table reco_people as
    select customer_id, cast(row_number() over (order by customer_id) - 1 as integer) as customer
    from reco_people
    where substr(customer_id, 2, 4) < ?"""

ITEMS = """
    select names.item, coalesce(titles.title, names.item) as title, titles.category, titles.brand,
        titles.launched_days_ago,
        cast(coalesce(sold.sold_days_ago, -1) as integer) as sold_days_ago,
        coalesce(sold.sold_lately, 0) as sold_lately,
        cast(coalesce(seen.seen_days_ago, -1) as integer) as seen_days_ago,
        coalesce(seen.looked_lately, 0) as looked_lately
    from reco_names as names
    left join reco_titles as titles on names.item = titles.item
    left join reco_sold as sold on names.item = sold.item
    left join reco_seen as seen on names.item = seen.item
    order by names.item_no"""

PAIRS = """
    select dealings.customer, names.item_no as item,
        coalesce(bought.order_days, 0) as order_days,
        coalesce(bought.first_bought, -1) as first_bought,
        coalesce(bought.last_bought, -1) as last_bought,
        coalesce(bought.bought, 0) as bought,
        coalesce(looked.looks, 0) as looks,
        coalesce(looked.carts, 0) as carts,
        coalesce(looked.last_looked, -1) as last_looked,
        coalesce(looked.looked, 0) as looked,
        coalesce(bought.returned, false) or coalesce(looked.returned, false) as returned
    from (select customer, item from reco_bought union select customer, item from reco_looked) as dealings
    inner join reco_names as names on dealings.item = names.item
    left join reco_bought as bought on dealings.customer = bought.customer and dealings.item = bought.item
    left join reco_looked as looked on dealings.customer = looked.customer and dealings.item = looked.item
    order by dealings.customer, names.item_no"""

NEXT_FACTS = {
    "bought": """
        select orders.record_no, lines.product_id
        from events.fct_orders as orders
        inner join events.fct_order_lines as lines
            on orders.source = lines.source and orders.order_id = lines.order_id
        where orders.visible_on <= $today and (orders.superseded_on is null or orders.superseded_on > $today)
            and orders.status = 'completed' and lines.quantity >= 0
            and orders.occurred_at >= $day and orders.occurred_at < $until""",
    "looked": """
        select interactions.record_no, interactions.product_id
        from events.fct_interactions as interactions
        inner join seeds.journey_kinds as kinds on interactions.kind = kinds.kind
        where interactions.visible_on <= $today and kinds.stage in ('interest', 'search')
            and interactions.occurred_at >= $day and interactions.occurred_at < $until""",
}

NEXT = """
    with holders_now as (
        select record_no, customer_id
        from identity.customer_map
        where valid_from <= $today and (valid_to is null or valid_to > $today)
    ),

    people_now as (
        select distinct records.customer, holders_now.customer_id
        from reco_records as records
        inner join holders_now on records.record_no = holders_now.record_no
    )

    select distinct people_now.customer, coalesce(names.item_no, -1) as item
    from ({facts}) as facts
    inner join holders_now on facts.record_no = holders_now.record_no
    inner join people_now on holders_now.customer_id = people_now.customer_id
    {subjects} events.product_categories as subjects on facts.product_id = subjects.product_id
    left join reco_names as names on {item} = names.item
    where {item} is not null
    order by 1, 2"""
