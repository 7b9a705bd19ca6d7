-- Each record known at as_of_date belongs to one customer on that day; a row here is a record that belongs to none or to several.
select
    records.record_no,
    count(people_now.record_no) as customers_count
from {{ ref('int_identity__records') }} as records
left join {{ ref('int_identity__customers_now') }} as people_now
    on records.record_no = people_now.record_no
group by records.record_no
having count(people_now.record_no) <> 1
