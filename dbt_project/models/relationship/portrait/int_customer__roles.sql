-- One row per customer: the roles it holds (labels, not places) and the sources that know it.
with stated as (
    select
        people.customer_no,
        lower(profiles.role) as role_name
    from {{ ref('stg_profiles') }} as profiles
    inner join {{ ref('int_identity__customers_now') }} as people
        on profiles.source = people.source and profiles.source_key = people.source_key
    where profiles.role is not null

    union
    select
        people.customer_no,
        'customer' as role_name
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('int_identity__customers_now') }} as people
        on orders.record_no = people.record_no
    where orders.superseded_on is null and orders.status = 'completed'

    union
    select
        people.customer_no,
        'seller' as role_name
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('int_identity__customers_now') }} as people
        on orders.seller_record_no = people.record_no
),

roles as (
    select
        customer_no,
        {{ joined_texts('role_name') }} as roles
    from stated
    group by customer_no
),

sources as (
    select
        customer_no,
        {{ joined_texts('source') }} as sources
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
    roles.roles
from records
left join sources
    on records.customer_no = sources.customer_no
left join roles
    on records.customer_no = roles.customer_no
