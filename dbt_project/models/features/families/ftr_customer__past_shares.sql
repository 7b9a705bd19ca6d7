-- One row per customer with a share sent and snapshot date: what the label would have been in the windows that have closed, for the
-- customer and for customers who stood alike when the last of them opened.
{% set prior = 20 %}
{% set horizons = horizons("sharing") %}
with customers as (
    {{ customers_at_snapshot() }}
),

share_days as (
    select distinct
        customers.customer_id,
        {{ days_ago('shares.occurred_at') }} as days_ago
    from {{ ref('fct_shares') }} as shares
    inner join customers
        on shares.inviter_record_no = customers.record_no
    where {{ current_at_snapshot('shares') }}
),

{{ past_windows("share_days", horizons, prior) }}

select
    customer_id,
    {{ catalogue('past_shares', 'windows') }},
    {{ snapshot_date() }} as as_of_date
from windows
group by customer_id
