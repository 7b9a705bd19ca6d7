-- One row per refused column of a landed row that as_of_date can see. It never holds the value.
-- depends_on: {{ ref('base_profiles') }}, {{ ref('base_identifiers') }}, {{ ref('base_links') }}
-- depends_on: {{ ref('base_orders') }}, {{ ref('base_products') }}, {{ ref('base_interactions') }}
-- depends_on: {{ ref('base_shares') }}, {{ ref('base_contacts') }}, {{ ref('base_consents') }}
-- depends_on: {{ ref('base_measurements') }}
with refused as (
    {% for entity in landing_entities() if entity != 'order_lines' %}
    select
        '{{ entity }}' as entity,
        file,
        file_row,
        {{ split_rows('refusals') }} as refusal
    from {{ ref('base_' ~ entity) }}
    where
        refusals <> ''
        and (visible_on is null or visible_on <= {{ as_of_date() }})

    union all
    {% endfor %}
    -- A line is known when its order is, a refused one too; one that does not name its order is known at once.
    select
        'order_lines' as entity,
        lines.file,
        lines.file_row,
        {{ split_rows('lines.refusals') }} as refusal
    from {{ ref('base_order_lines') }} as lines
    left join {{ ref('int_landing__orders_seen') }} as orders
        on lines.source = orders.source and lines.order_id = orders.order_id
    where
        lines.refusals <> ''
        and (lines.source is null or lines.order_id is null or orders.named_on <= {{ as_of_date() }})

    union all
    select
        'order_lines' as entity,
        file,
        file_row,
        'quantity=negative quantity on a completed order' as refusal
    from {{ ref('stg_order_lines') }}
    where is_refused
)

select
    entity,
    file,
    file_row,
    split_part(refusal, '=', 1) as column_name,
    split_part(refusal, '=', 2) as reason
from refused
