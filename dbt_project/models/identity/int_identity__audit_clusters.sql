-- One row per topic and rank of the audit's figures on customers of many records and on edges that were refused.
with customers as (
    select * from {{ ref('int_identity__customer_people') }}
),

largest as (
    select
        'largest' as topic,
        row_number() over (order by records_count desc, customer_no asc) as rank,
        cast(sources_count as string) || case when sources_count = 1 then ' source' else ' sources' end as item,
        records_count as number,
        case
            when people_count = 1 then 'one person, by names and birth dates'
            else 'by names or birth dates ' || cast(people_count as string) || ' people in one source'
        end as detail,
        customer_no,
        cast(null as bigint) as left_record_no,
        cast(null as bigint) as right_record_no
    from customers
),

links as (
    select
        links.*,
        customers.records_count,
        customers.people_count,
        row_number() over (partition by links.head_record_no, links.is_bridge order by links.link_rank) as bridge_rank
    from {{ source('resolved', 'weak_links') }} as links
    inner join customers
        on links.head_record_no = customers.customer_no
),

weak as (
    select
        'weak_link' as topic,
        row_number() over (order by records_count desc, head_record_no asc, link_rank asc) as rank,
        reason as item,
        probability as number,
        case
            when is_bridge then 'the only link between ' || cast(left_records as string) || ' and ' || cast(right_records as string) || ' records'
            else 'others join the same records'
        end as detail,
        head_record_no as customer_no,
        left_record_no,
        right_record_no
    from links
),

-- Worth a cut: the weakest only link of a customer whose records speak of several people.
splits as (
    select
        'suggested_split' as topic,
        row_number() over (order by probability asc nulls last, records_count desc, head_record_no asc) as rank,
        reason as item,
        probability as number,
        'if they are two people, say so: ' || cast(left_records as string) || ' and ' || cast(right_records as string)
        || ' records, by names or birth dates ' || cast(people_count as string) || ' people in one source' as detail,
        head_record_no as customer_no,
        left_record_no,
        right_record_no
    from links
    where is_bridge and bridge_rank = 1 and people_count > 1
),

refused as (
    select * from {{ source('resolved', 'refused_edges') }}
),

refusals as (
    select
        'refused' as topic,
        row_number() over (order by why, reason) as rank,
        why || ': ' || reason as item,
        count(*) as number,
        cast(null as string) as detail,
        cast(null as bigint) as customer_no,
        cast(null as bigint) as left_record_no,
        cast(null as bigint) as right_record_no
    from refused
    group by why, reason
),

refused_edges as (
    select
        case when why = 'size' then 'cut_at_size_limit' else 'refused_edge' end as topic,
        row_number() over (
            partition by case when why = 'size' then 'cut_at_size_limit' else 'refused_edge' end
            order by probability desc nulls last, left_record_no asc, right_record_no asc, reason asc
        ) as rank,
        reason as item,
        probability as number,
        why as detail,
        cast(null as bigint) as customer_no,
        left_record_no,
        right_record_no
    from refused
),

rows_of_topics as (
    select * from largest
    union all
    select * from weak
    union all
    select * from splits
    union all
    select * from refused_edges
)

select * from refusals
union all
select * from rows_of_topics
where rank <= {{ audit_rows_most() }}
