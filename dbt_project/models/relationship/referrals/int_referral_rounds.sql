-- One row per person in a tree of bringing and round: after round k, whatever lies fewer than 2^k generations away is added up.
-- Each round everybody adds what those hold whose pointer shows to him, and every pointer then shows twice as far up.
{{ config(materialized='doubling_rounds') }}
with nodes as (
    select * from {{ ref('int_referral_nodes') }}
),

pointing as (
    select
        ancestor_no as customer_no,
        max(tree_depth) as tree_depth,
        sum(people_count) as people_count,
        sum(revenue) as revenue
    from nodes
    where ancestor_no is not null
    group by ancestor_no
)

select
    nodes.round + 1 as round,
    nodes.customer_no,
    ancestors.ancestor_no,

    coalesce(ancestors.top_no, nodes.top_no) as top_no,
    nodes.generation + coalesce(ancestors.generation, 0) as generation,

    greatest(nodes.tree_depth, coalesce(pointing.tree_depth + cast(power(2, nodes.round) as integer), 0)) as tree_depth,
    cast(nodes.people_count + coalesce(pointing.people_count, 0) as bigint) as people_count,
    cast(nodes.revenue + coalesce(pointing.revenue, 0) as decimal(38, 4)) as revenue
from nodes
left join nodes as ancestors
    on nodes.ancestor_no = ancestors.customer_no
left join pointing
    on nodes.customer_no = pointing.customer_no
