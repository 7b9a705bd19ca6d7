-- One row per customer and e-mail or phone that it states and that is not its own: more records share the value than may,
-- and most of them are somebody else's. (A person of many records may well fill the limit alone.)
select
    people.customer_no,
    holders.id_type as unit,
    holders.id_value as match_key
from {{ ref('int_identity__holders') }} as holders
inner join {{ ref('int_identity__customers_now') }} as people
    on holders.record_no = people.record_no
where holders.crossed_at is not null and holders.id_type in ('email', 'phone')
group by people.customer_no, holders.id_type, holders.id_value
having 2 * count(*) <= max(holders.holders_count)
