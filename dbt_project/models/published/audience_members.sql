-- One row per audience and customer who fits its rule, may be profiled, and said yes to its channel.
-- depends_on: {{ ref('audience_rules') }}, {{ ref('customers') }}
{%- set audiences = rows_of("select audience, rule, channel from " ~ ref("audience_rules") ~ " order by audience", ["", "true", "email"]) %}
with fitting as (
    {% for audience in audiences %}
    {{ "union all" if not loop.first }}
    select
        '{{ audience[0] }}' as audience,
        customer_id
    from {{ ref('customers') }}
    where
        ({{ audience[1] }})
        and consent_{{ audience[2] }}
        and coalesce(consent_profiling, {{ setting('profiling_default') }})
    {% endfor %}
)

select
    audience,
    customer_id,
    -- The same people are held out whenever the audience is built.
    case when {{ share_of_hash("concat_ws('|', 'holdout', audience, customer_id)") }} < {{ setting('holdout_share') }}
        then 'holdout' else 'treatment' end as {{ adapter.quote("group") }},
    {{ as_of_date() }} as entered_at
from fitting
