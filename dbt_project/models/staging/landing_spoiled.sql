-- One row per optional column with values that did not parse: they became null and are counted here.
-- depends_on: {{ ref('base_profiles') }}, {{ ref('base_identifiers') }}, {{ ref('base_links') }}
-- depends_on: {{ ref('base_orders') }}, {{ ref('base_products') }}, {{ ref('base_interactions') }}
-- depends_on: {{ ref('base_shares') }}, {{ ref('base_contacts') }}, {{ ref('base_consents') }}
-- depends_on: {{ ref('base_measurements') }}
with spoiled as (
    {% for entity in landing_entities() if entity != 'order_lines' %}
    {{ "union all" if not loop.first }}
    select
        '{{ entity }}' as entity,
        {{ split_rows('spoiled') }} as column_name
    from {{ ref('base_' ~ entity) }}
    where
        spoiled <> ''
        and refusals = ''
        and (visible_on is null or visible_on <= {{ as_of_date() }})
    {% endfor %}
)

select
    entity,
    column_name,
    count(*) as values_spoiled
from spoiled
group by entity, column_name
