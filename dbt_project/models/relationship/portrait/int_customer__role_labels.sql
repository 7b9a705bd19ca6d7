-- One row per customer and role it holds, by the seed role_rules; a stated word that no rule knows stands for itself.
with stated as (
    select
        customer_no,
        'stated' as evidence,
        role_word as word
    from (
        select
            people.customer_no,
            lower({{ trimmed('profiles.role') }}) as role_word,
            -- What a record said last; a version that says nothing takes nothing back.
            row_number() over (
                partition by people.record_no order by profiles.known_at desc, lower({{ trimmed('profiles.role') }}) asc
            ) as newness
        from {{ ref('stg_profiles') }} as profiles
        inner join {{ ref('int_identity__customers_now') }} as people
            on profiles.source = people.source and profiles.source_key = people.source_key
        where profiles.role is not null
    ) as versions
    where newness = 1
),

buyers as (
    select distinct customer_no from {{ ref('int_customer__order_days') }}
),

shown as (
    select * from stated

    union all
    select
        customer_no,
        'purchase' as evidence,
        '*' as word
    from buyers

    union all
    select
        people.customer_no,
        'sale' as evidence,
        '*' as word
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('int_identity__customers_now') }} as people
        on orders.seller_record_no = people.record_no
    where orders.superseded_on is null

    union all
    select
        people.customer_no,
        'identifier' as evidence,
        lower(identifiers.id_type) as word
    from {{ ref('int_identity__identifiers') }} as identifiers
    inner join {{ ref('int_identity__customers_now') }} as people
        on identifiers.record_no = people.record_no

    union all
    select
        inviter_no as customer_no,
        'share' as evidence,
        '*' as word
    from {{ ref('int_customer__shares') }}

    {% for evidence, column in {"interaction": "kind", "channel": "channel"}.items() %}
    union all
    select
        customer_no,
        '{{ evidence }}' as evidence,
        lower({{ column }}) as word
    from {{ ref('int_customer__interactions') }}
    {% endfor %}
)

select distinct
    shown.customer_no,
    coalesce(rules.role, shown.word) as role_name
from shown
left join {{ ref('role_rules') }} as rules
    on shown.evidence = rules.evidence and shown.word = rules.word
left join buyers
    on shown.customer_no = buyers.customer_no
where
    (rules.role is not null or shown.evidence = 'stated')
    and not (coalesce(rules.only_if_never_bought, false) and buyers.customer_no is not null)
