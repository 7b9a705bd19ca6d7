-- One row per customer with a completed order and snapshot date: the own rhythm against that of customers who order as often.
with gaps_of_peers as (
    select
        frequency_class,
        {{ ratio('sum(gap_days * closed_gaps)', 'sum(closed_gaps)') }} as peers_gap_days
    from {{ ref('int_snapshot__gaps') }}
    where as_of_date = {{ snapshot_date() }}
    group by frequency_class
),

rhythm as (
    select
        rhythm.*,
        gaps_of_peers.peers_gap_days
    from {{ ref('int_snapshot__order_rhythm') }} as rhythm
    left join gaps_of_peers
        on rhythm.frequency_class = gaps_of_peers.frequency_class
    where rhythm.as_of_date = {{ snapshot_date() }}
)

select
    customer_id,
    as_of_date,
    {{ catalogue('peers', 'rhythm') }}
from rhythm
