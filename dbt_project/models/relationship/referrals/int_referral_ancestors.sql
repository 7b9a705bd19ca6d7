-- One row per person brought and ancestor who may earn from it: whoever brought it, whoever brought him, and so on.
{%- set generations = reward_generations() %}
with generation_1 as (
    select
        invitee_no as customer_no,
        inviter_no as ancestor_no,
        1 as generation
    from {{ ref('int_referrals') }}
)
{%- for generation in range(2, generations + 1) %},

generation_{{ generation }} as (
    select
        below.customer_no,
        referrals.inviter_no as ancestor_no,
        {{ generation }} as generation
    from generation_{{ generation - 1 }} as below
    inner join {{ ref('int_referrals') }} as referrals
        on below.ancestor_no = referrals.invitee_no
)
{%- endfor %}

{% for generation in range(1, generations + 1) -%}
{{ "union all" if not loop.first }}
select
    customer_no,
    ancestor_no,
    generation
from generation_{{ generation }}
{% endfor %}
