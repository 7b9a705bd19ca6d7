-- One row per audience: what it is, its rule, and how many people are in it.
-- depends_on: {{ ref('customers') }}
with fitting as (
    {%- for audience in audiences_declared() %}
    {{ "union all" if not loop.first }}
    select
        '{{ audience.audience }}' as audience,
        count(*) as fitting_count
    from {{ ref('customers') }}
    where {{ audience.condition }}
    {%- endfor %}
),

sizes as (
    select
        audience,
        count(*) as size,
        count(case when {{ adapter.quote("group") }} = 'treatment' then 1 end) as treatment_count,
        count(case when {{ adapter.quote("group") }} = 'holdout' then 1 end) as holdout_count,
        count(case when is_within_cap then 1 end) as within_cap_count
    from {{ ref('audience_members') }}
    group by audience
)

select
    declared.audience,
    declared.title,
    declared.meaning,
    declared.rule,
    declared.priority,
    declared.channel,
    declared.purpose,
    declared.size_cap,
    declared.holdout_share,
    fitting.fitting_count,
    fitting.fitting_count - coalesce(sizes.size, 0) as without_consent_count,
    coalesce(sizes.size, 0) as size,
    coalesce(sizes.treatment_count, 0) as treatment_count,
    coalesce(sizes.holdout_count, 0) as holdout_count,
    coalesce(sizes.within_cap_count, 0) as within_cap_count,
    declared.expected_outcome,
    declared.rule_digest
from {{ source('control', 'audiences') }} as declared
inner join fitting
    on declared.audience = fitting.audience
left join sizes
    on declared.audience = sizes.audience
