-- One row per entity and day on which rows became visible: how many, how many of them refused, and a digest
-- that does not depend on their order. Rows whose clock cannot be read, and timeless ones, stand at 0001-01-01.
-- depends_on: {{ ref('base_profiles') }}, {{ ref('base_identifiers') }}, {{ ref('base_links') }}
-- depends_on: {{ ref('base_orders') }}, {{ ref('base_products') }}, {{ ref('base_interactions') }}
-- depends_on: {{ ref('base_shares') }}, {{ ref('base_contacts') }}, {{ ref('base_consents') }}
-- depends_on: {{ ref('base_measurements') }}
with landed as (
    {% for entity in landing_entities() if entity != 'order_lines' %}
    select
        '{{ entity }}' as entity,
        coalesce(visible_on, cast('0001-01-01' as date)) as visible_on,
        refusals <> '' as is_refused,
        row_hash
    from {{ ref('base_' ~ entity) }}

    union all
    {% endfor %}
    -- A line is known when its order is, and waits until then; one that does not even name its order is known at once.
    select
        'order_lines' as entity,
        case
            when lines.source is null or lines.order_id is null then cast('0001-01-01' as date)
            when lines.refusals = '' then orders.visible_on
            else orders.named_on
        end as visible_on,
        lines.refusals <> '' or coalesce(orders.status_now = 'completed' and lines.quantity < 0, false) as is_refused,
        lines.row_hash
    from {{ ref('base_order_lines') }} as lines
    left join {{ ref('int_landing__orders_seen') }} as orders
        on lines.source = orders.source and lines.order_id = orders.order_id
)

select
    entity,
    visible_on,
    count(*) as rows_landed,
    count(case when is_refused then 1 end) as rows_refused,
    cast(sum(cast(row_hash as decimal(38, 0))) as string) as digest
from landed
where visible_on is not null
group by entity, visible_on
