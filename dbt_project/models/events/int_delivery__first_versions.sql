-- One row per order, share and message: when it happened and when that became known, by its first delivery.
{{ config(materialized=appendable(), unique_key=["entity", "source", "fact_key"]) }}
with ranked as (
    {% for entity, key in [("orders", "order_id"), ("shares", "share_id"), ("contacts", "contact_id")] %}
    {{ "union all" if not loop.first }}
    select
        '{{ entity }}' as entity,
        source,
        {{ key }} as fact_key,
        occurred_at,
        known_at,
        row_number() over (partition by source, {{ key }} order by known_at, occurred_at) as delivery_rank
    from {{ touched_rows(entity, ref('stg_' ~ entity)) }}
    {% endfor %}
)

select
    entity,
    source,
    fact_key,
    occurred_at,
    known_at
from ranked
where delivery_rank = 1
