-- One row per topic and rank: how records became customers, what was no evidence, and what is worth a look.
with sizes as (
    select
        topic,
        rank,
        item,
        cast(number as double) as number,
        cast(null as string) as detail,
        cast(null as date) as since,
        cast(null as string) as id_type,
        cast(null as string) as id_value,
        cast(null as bigint) as customer_no,
        cast(null as bigint) as left_record_no,
        cast(null as bigint) as right_record_no
    from {{ ref('int_identity__audit_sizes') }}
),

blocked as (
    select
        topic,
        rank,
        item,
        cast(number as double) as number,
        detail,
        since,
        id_type,
        id_value,
        cast(null as bigint) as customer_no,
        cast(null as bigint) as left_record_no,
        cast(null as bigint) as right_record_no
    from {{ ref('int_identity__audit_values') }}
),

clusters as (
    select
        topic,
        rank,
        item,
        cast(number as double) as number,
        detail,
        cast(null as date) as since,
        cast(null as string) as id_type,
        cast(null as string) as id_value,
        customer_no,
        left_record_no,
        right_record_no
    from {{ ref('int_identity__audit_clusters') }}
),

findings as (
    select * from sizes
    union all
    select * from blocked
    union all
    select * from clusters
)

select
    findings.topic,
    cast(findings.rank as integer) as rank,
    findings.item,
    {{ significant('findings.number') }} as number,
    findings.detail,
    findings.since,
    findings.id_type,
    findings.id_value,
    coalesce(heads.customer_id, lefts.customer_id) as customer_id,
    case when rights.customer_id <> lefts.customer_id then rights.customer_id end as other_customer_id,
    lefts.source,
    lefts.source_key,
    rights.source as other_source,
    rights.source_key as other_source_key
from findings
left join {{ ref('int_identity__customers_now') }} as heads
    on findings.customer_no = heads.record_no
left join {{ ref('int_identity__customers_now') }} as lefts
    on findings.left_record_no = lefts.record_no
left join {{ ref('int_identity__customers_now') }} as rights
    on findings.right_record_no = rights.record_no
