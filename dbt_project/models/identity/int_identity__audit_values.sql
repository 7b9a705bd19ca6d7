-- One row per topic and rank of the audit's figures on values that are no evidence.
-- A value is shown when at least five people hold it: then it is nobody's own. The others are counted.
{% set people_to_show = 5 %}
with blocked as (
    select * from {{ ref('int_identity__blocked_values') }}
),

groups as (
    select
        id_type,
        why,
        meaning,
        count(*) as values_count,
        sum(holders_count) as holders_count,
        min(blocked_from) as since
    from blocked
    group by id_type, why, meaning
),

topics as (
    select
        *,
        case when why in ('people', 'records') then 'over_shared' else 'junk' end as topic
    from blocked
),

-- Most held first; over-shared values apart from those that nobody owns.
listed as (
    select * from (
        select
            *,
            row_number() over (partition by topic order by holders_count desc, id_type asc, id_value asc) as rank
        from topics
    ) as ranked
    where rank <= {{ audit_rows_most() }}
),

held as (
    select
        record_no,
        id_type,
        id_value
    from {{ ref('int_identity__stated_values') }}
    union all
    select
        record_no,
        trait as id_type,
        stated as id_value
    from {{ ref('int_identity__traits') }}
    where trait = 'birth_date'
),

-- An over-shared value joins nobody, so those who hold it now are as many customers as other evidence leaves.
holders as (
    select
        listed.id_type,
        listed.id_value,
        count(distinct people.customer_no) as customers_count
    from listed
    inner join held
        on listed.id_type = held.id_type and listed.id_value = held.id_value
    inner join {{ ref('int_identity__customers_now') }} as people
        on held.record_no = people.record_no
    group by listed.id_type, listed.id_value
),

shown as (
    select
        listed.*,
        -- One person may leave the same value in many records: by names they are not five.
        coalesce(holders.customers_count, 0) >= {{ people_to_show }}
        and (listed.topic = 'junk' or coalesce(listed.people_count, 0) >= {{ people_to_show }}) as is_shown
    from listed
    left join holders
        on listed.id_type = holders.id_type and listed.id_value = holders.id_value
)

select
    'blocked' as topic,
    row_number() over (order by id_type, why, meaning) as rank,
    id_type || ': ' || meaning as item,
    values_count as number,
    'held by ' || cast(holders_count as string) || ' records' as detail,
    since,
    id_type,
    cast(null as string) as id_value
from groups

union all
select
    topic,
    rank,
    id_type || case when is_shown then '' else ' (not shown: fewer than {{ people_to_show }} people hold it)' end as item,
    holders_count as number,
    meaning as detail,
    blocked_from as since,
    id_type,
    case when is_shown then id_value end as id_value
from shown
