-- One row per customer, cut-off and horizon: did the customer send a share within the horizon, whatever became of it?
{% set shares_now -%}
    select
        inviter_record_no as record_no,
        occurred_at
    from {{ ref('fct_shares') }}
    where superseded_on is null
{%- endset %}
{{ outcome_labels('share', shares_now, label_when_event=true) }}
