-- One row per person and purpose: the latest word of any of the person's records. Known later counts later; at the same instants a no wins.
with words as (
    select
        people.customer_no,
        people.customer_id,
        consents.purpose,
        consents.granted,
        consents.occurred_at,
        row_number() over (
            partition by people.customer_no, consents.purpose
            order by
                consents.occurred_at desc,
                consents.known_at desc,
                case when consents.granted then 1 else 0 end
        ) as word_rank
    from {{ ref('fct_consents') }} as consents
    inner join {{ ref('int_identity__customers_now') }} as people
        on consents.record_no = people.record_no
)

select
    customer_no,
    customer_id,
    purpose,
    granted,
    occurred_at
from words
where word_rank = 1
