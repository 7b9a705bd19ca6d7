-- One row per audience: what it is, its rule, and how many people are in it.
select
    rules.audience,
    rules.title,
    rules.rule,
    count(members.customer_id) as size,
    rules.expected_outcome
from {{ ref('audience_rules') }} as rules
left join {{ ref('audience_members') }} as members
    on rules.audience = members.audience
group by rules.audience, rules.title, rules.rule, rules.expected_outcome
