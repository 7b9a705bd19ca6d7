-- One row per person in a tree of bringing: where it stands, and all that grew below it.
select
    totals.customer_no,
    totals.top_no,
    tops.customer_id as root_id,
    totals.generation,
    totals.tree_depth,
    totals.people_count - 1 as downstream_people_count,
    nodes.revenue as own_revenue,
    totals.revenue - nodes.revenue as downstream_revenue
from {{ ref('int_referral_rounds') }} as totals
inner join {{ ref('int_referral_nodes') }} as nodes
    on totals.customer_no = nodes.customer_no
inner join {{ ref('int_identity__customers_now') }} as tops
    on totals.top_no = tops.record_no
where totals.round = (select max(rounds.round) from {{ ref('int_referral_rounds') }} as rounds)
