-- One row per message to a customer, with the furthest that became of it by as_of_date.
select
    people.customer_no,
    contacts.source,
    contacts.contact_id,

    contacts.channel,
    contacts.campaign,
    contacts.outcome,

    contacts.occurred_at
from {{ ref('fct_contacts') }} as contacts
inner join {{ ref('int_identity__customers_now') }} as people
    on contacts.record_no = people.record_no
where contacts.superseded_on is null
