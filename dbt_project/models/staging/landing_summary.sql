-- One row per entity: what as_of_date sees of it, and what of that was refused. Rows in = staged + quarantined.
with seen as (
    select
        entity,
        sum(rows_landed) as rows_in,
        sum(rows_refused) as rows_quarantined
    from {{ ref('landing_days') }}
    where visible_on <= {{ as_of_date() }}
    group by entity
),

staged as (
    {% for entity in landing_entities() %}
    {{ "union all" if not loop.first }}
    select
        '{{ entity }}' as entity,
        count(*) as rows_staged
    from {{ ref('stg_' ~ entity) }}
    {{ "where not is_refused" if entity == "order_lines" }}
    {% endfor %}
)

-- depends_on: {{ ref('stg_profiles') }}, {{ ref('stg_identifiers') }}, {{ ref('stg_links') }}
-- depends_on: {{ ref('stg_orders') }}, {{ ref('stg_order_lines') }}, {{ ref('stg_products') }}
-- depends_on: {{ ref('stg_interactions') }}, {{ ref('stg_shares') }}, {{ ref('stg_contacts') }}
-- depends_on: {{ ref('stg_consents') }}, {{ ref('stg_measurements') }}
select
    staged.entity,
    cast(coalesce(seen.rows_in, 0) as bigint) as rows_in,
    cast(staged.rows_staged as bigint) as rows_staged,
    cast(coalesce(seen.rows_quarantined, 0) as bigint) as rows_quarantined
from staged
left join seen
    on staged.entity = seen.entity
