-- One row per person who may not be profiled: an explicit no, or no word where the setting asks for one.
with words as (
    select
        people.customer_no,
        people.customer_id,
        max(case when consents.granted then 1 when not consents.granted then 0 end) as granted
    from {{ ref('int_identity__customers_now') }} as people
    left join {{ ref('int_customer__consents') }} as consents
        on people.customer_no = consents.customer_no and consents.purpose = 'profiling'
    group by people.customer_no, people.customer_id
)

select
    customer_no,
    customer_id
from words
where granted = 0 or (granted is null and not {{ setting('profiling_default') }})
