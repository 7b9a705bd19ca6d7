-- One row per audience and customer who fits its rule, may be profiled, and said yes to its channel.
-- depends_on: {{ ref('customers') }}
with fitting as (
    {%- for audience in audiences_declared() %}
    {{ "union all" if not loop.first }}
    select
        '{{ audience.audience }}' as audience,
        '{{ audience.purpose }}' as purpose,
        {{ "null" if audience.size_cap is none else audience.size_cap }} as size_cap,
        customer_id,
        cast({{ audience.order_value }} as double) as order_value,
        cast({{ audience.gesture }} as string) as gesture
    from {{ ref('customers') }}
    where ({{ audience.condition }}) and {{ audience.may_be_contacted }}
    {%- endfor %}
),

-- Who was a member in the version before, under the ids of today; of two people who became one, the longer membership.
carried as (
    select
        members.audience,
        people.customer_id,
        min(members.entered_at) as entered_at
    from {{ source('control', 'members_before') }} as members
    inner join {{ ref('int_customer__before') }} as people
        on members.customer_id = people.former_id
    where people.customer_id is not null
    group by members.audience, people.customer_id
),

-- The place does not ask for the group: treatment and holdout are cut by the cap alike, and stay comparable.
placed as (
    select
        *,
        row_number() over (partition by audience order by order_value desc nulls last, customer_id asc) as place
    from fitting
)

select
    placed.audience,
    placed.customer_id,
    coalesce(holdouts.{{ adapter.quote("group") }}, 'treatment') as {{ adapter.quote("group") }},
    coalesce(carried.entered_at, {{ as_of_date() }}) as entered_at,
    cast(placed.place as bigint) as place,
    placed.size_cap is null or placed.place <= placed.size_cap as is_within_cap,
    placed.gesture
from placed
left join carried
    on placed.audience = carried.audience and placed.customer_id = carried.customer_id
left join {{ ref('holdouts') }} as holdouts
    on placed.purpose = holdouts.purpose and placed.customer_id = holdouts.customer_id
