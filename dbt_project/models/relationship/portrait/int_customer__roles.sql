-- One row per customer: the roles it holds (labels, not places) and the sources that know it.
with roles as (
    select
        customer_no,
        {{ joined_texts('role_name') }} as roles
    from {{ ref('int_customer__role_labels') }}
    group by customer_no
),

sources as (
    select
        customer_no,
        {{ joined_texts('source') }} as sources,
        count(*) as sources_count
    from (
        select distinct
            customer_no,
            source
        from {{ ref('int_identity__customers_now') }}
    ) as known_by
    group by customer_no
),

records as (
    select
        people.customer_no,
        people.customer_id,
        count(*) as records_count,
        min(records.known_at) as first_seen_at
    from {{ ref('int_identity__customers_now') }} as people
    inner join {{ ref('int_identity__records') }} as records
        on people.record_no = records.record_no
    group by people.customer_no, people.customer_id
)

select
    records.customer_no,
    records.customer_id,
    records.records_count,
    records.first_seen_at,
    sources.sources,
    sources.sources_count,
    roles.roles
from records
left join sources
    on records.customer_no = sources.customer_no
left join roles
    on records.customer_no = roles.customer_no
