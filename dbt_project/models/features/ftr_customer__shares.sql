-- One row per customer with a share sent or received and snapshot date: how much they send, get and answer.
{% set windows = [1, 2, 3, 5, 7, 14, 30, 90, 365] %}
with customers as (
    {{ customers_at_snapshot() }}
),

shares as (
    select
        inviters.customer_id as inviter_id,
        invitees.customer_id as invitee_id,
        shares.product_id,
        shares.outcome,
        shares.occurred_at,
        {{ days_ago('shares.occurred_at') }} as days_ago
    from {{ ref('fct_shares') }} as shares
    inner join customers as inviters
        on shares.inviter_record_no = inviters.record_no
    left join customers as invitees
        on shares.invitee_record_no = invitees.record_no
    where {{ current_at_snapshot('shares') }}
),

sent as (
    select
        inviter_id as customer_id,
        {{ windowed_counts('shares_sent', windows) }},
        {{ as_feature('count(*)') }} as shares_sent_count_all,
        {{ as_feature('count(distinct days_ago)') }} as share_days_count_all,
        {{ as_feature('count(distinct case when days_ago <= 7 then days_ago end)') }} as share_days_count_7d,
        {{ as_feature('min(days_ago)') }} as days_since_last_share_sent,
        {{ as_feature('max(days_ago)') }} as days_since_first_share_sent,
        {{ as_feature('count(distinct invitee_id)') }} as people_shared_with_count_all,
        {{ as_feature('count(distinct product_id)') }} as products_shared_count_all,
        {{ as_feature("count(case when outcome in ('joined', 'ordered') then 1 end)") }} as shares_joined_count_all,
        {{ as_feature("count(case when outcome = 'ordered' then 1 end)") }} as shares_ordered_count_all
    from shares
    group by inviter_id
),

received as (
    select
        invitee_id as customer_id,
        {{ windowed_counts('shares_received', windows) }},
        {{ as_feature('count(*)') }} as shares_received_count_all,
        {{ as_feature('count(distinct days_ago)') }} as share_received_days_count_all,
        {{ as_feature('min(days_ago)') }} as days_since_last_share_received,
        {{ as_feature('max(days_ago)') }} as days_since_first_share_received,
        {{ as_feature('count(distinct inviter_id)') }} as people_received_from_count_all
    from shares
    where invitee_id is not null
    group by invitee_id
),

pairs as (
    select distinct
        inviter_id,
        invitee_id
    from shares
    where invitee_id is not null
),

answered as (
    -- People this customer shared with who have shared back.
    select
        pairs.inviter_id as customer_id,
        {{ as_feature('count(*)') }} as people_answering_count_all
    from pairs
    inner join pairs as back
        on pairs.inviter_id = back.invitee_id and pairs.invitee_id = back.inviter_id
    group by pairs.inviter_id
),

activity_of_senders as (
    -- How lively the people are from whom this customer receives.
    select
        pairs.invitee_id as customer_id,
        {{ as_feature('max(sent.shares_sent_count_all)') }} as liveliest_sender_shares_count,
        {{ as_feature('min(sent.days_since_last_share_sent)') }} as days_since_last_share_of_senders
    from pairs
    inner join sent
        on pairs.inviter_id = sent.customer_id
    group by pairs.invitee_id
),

people as (
    select customer_id from sent
    union
    select customer_id from received
),

joined as (
    select *
    from people
    left join sent using (customer_id)
    left join received using (customer_id)
    left join answered using (customer_id)
    left join activity_of_senders using (customer_id)
)

select
    joined.*,
    {{ ratio('shares_sent_count_all', 'days_since_first_share_sent') }} as shares_sent_per_day,
    {{ ratio('share_days_count_all', 'days_since_first_share_sent') }} as share_days_per_day,
    {{ ratio('days_since_last_share_sent * share_days_count_all', 'days_since_first_share_sent') }} as last_share_to_mean_gap_ratio,
    {{ ratio('shares_received_count_all', 'days_since_first_share_received') }} as shares_received_per_day,
    {{ snapshot_date() }} as as_of_date
from joined
