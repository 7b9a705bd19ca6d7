-- One row per audience and customer who entered or left it since the version before, and why.
-- A cause is what has to be undone, alone, for the person to stand where it stood; docs/audiences.md says what that cannot tell.
-- Longer than most: the four questions that tell the causes apart stand side by side.
-- depends_on: {{ ref('customers') }}
{% set audiences = audiences_declared() %}
{% set changed_rules, same_rules = [], [] %}
{% for former in audiences_before() %}
    {% set now = audiences | selectattr("audience", "equalto", former.audience) | map(attribute="rule_digest") | list %}
    {% do (same_rules if former.rule_digest in now else changed_rules).append(former) %}
{% endfor %}
with former_members as (
    select
        members.audience,
        coalesce(people.customer_id, members.customer_id) as customer_id
    from {{ source('control', 'members_before') }} as members
    left join {{ ref('int_customer__before') }} as people
        on members.customer_id = people.former_id
    group by members.audience, coalesce(people.customer_id, members.customer_id)
),

changes as (
    select
        coalesce(members.audience, former.audience) as audience,
        coalesce(members.customer_id, former.customer_id) as customer_id,
        case when former.customer_id is null then 'entered' else 'left' end as change
    from {{ ref('audience_members') }} as members
    full join former_members as former
        on members.audience = former.audience and members.customer_id = former.customer_id
    where members.customer_id is null or former.customer_id is null
),

-- How many customers of the version before each customer of today is; one that keeps its id is itself among them.
origins as (
    select
        customer_id,
        count(*) as former_count,
        max(case when former_id = customer_id then 1 else 0 end) as keeps_id
    from {{ ref('int_customer__before') }}
    group by customer_id
),

-- Rows of those who moved: as they are today, as they were, and as they are but for what changed models say.
moved as (
    select distinct customer_id from changes
),

today as (
    select customers.*
    from {{ ref('customers') }} as customers
    inner join moved
        on customers.customer_id = moved.customer_id
),

before as (
    select former.*
    from {{ source('control', 'customers_before') }} as former
    inner join moved
        on former.customer_id = moved.customer_id
),

with_former_scores as (
    select
        {{ with_former_scores('today', 'before') }}
    from today
    left join before
        on today.customer_id = before.customer_id
),

fits_today as (
    {{ fitting(audiences, "today", conditions_only=true) }}
),

fitted_before as (
    {{ fitting(audiences, "before", conditions_only=true) }}
),

fits_former_rule as (
    {{ fitting(changed_rules, "today") }}
),

fits_former_scores as (
    {{ fitting(audiences, "with_former_scores") }}
),

judged as (
    select
        changes.*,
        former_rules.condition is not null as is_former_rule_known,
        former_rules.rule_digest = declared.rule_digest as has_same_rule,
        today.customer_id is null or origins.former_count > 1 or origins.keeps_id = 0
        or (origins.customer_id is null and cast(today.first_seen_at as date) < since.as_of_date) as has_other_records,
        before.customer_id is not null as was_there,
        fits_today.customer_id is not null as is_fitting,
        fitted_before.customer_id is not null as was_fitting,
        fits_former_rule.customer_id is not null as fits_by_former_rule,
        fits_former_scores.customer_id is not null as fits_by_former_scores,
        since.as_of_date as since
    from changes
    cross join {{ source('control', 'version_before') }} as since
    left join today
        on changes.customer_id = today.customer_id
    left join before
        on changes.customer_id = before.customer_id
    left join origins
        on changes.customer_id = origins.customer_id
    left join {{ source('control', 'audiences') }} as declared
        on changes.audience = declared.audience
    left join {{ source('control', 'audiences_before') }} as former_rules
        on changes.audience = former_rules.audience
    {%- for fit in ["fits_today", "fitted_before", "fits_former_rule", "fits_former_scores"] %}
    left join {{ fit }}
        on changes.audience = {{ fit }}.audience and changes.customer_id = {{ fit }}.customer_id
    {%- endfor %}
)

select
    audience,
    customer_id,
    change,
    case
        when has_other_records then 'identity'
        when not is_former_rule_known then 'rule'
        when not coalesce(has_same_rule, false) and fits_by_former_rule = (change = 'left') then 'rule'
        when change = 'left' and is_fitting then 'consent'
        when change = 'entered' and was_there and was_fitting then 'consent'
        when fits_by_former_scores = (change = 'left') and was_there then 'model'
        else 'behaviour'
    end as cause,
    since
from judged
