-- One row per pair of customers who live together at as_of_date and the evidence that says so.
-- Customers with the same evidence are tied as a star around the one known first.
with limits as (
    select
        max(case when what = 'people_at_address' then most end) as people_at_address,
        max(case when what = 'namesakes_by_chance' then most end) as namesakes_by_chance,
        max(case when what = 'people_in_household' then most end) as people_in_household
    from {{ ref('household_limits') }}
),

families_at_address as (
    select
        families.customer_no,
        min(families.customer_no) over (partition by families.house, families.postcode, families.family) as first_customer_no
    from {{ ref('int_identity__families_at_home') }} as families
    cross join limits
    where
        families.people_there <= limits.people_at_address
        and families.namesakes_there <= limits.people_in_household
        -- The share of the name elsewhere, times the others at the address, is what chance would put there.
        and families.namesakes_elsewhere * (families.people_there - 1)
        <= limits.namesakes_by_chance * families.named_people_elsewhere
),

-- A value that crossed its sharing limit says nothing of those who hold it.
shared_values as (
    select distinct
        people.customer_no,
        holders.id_type,
        holders.id_value
    from {{ ref('int_identity__holders') }} as holders
    inner join {{ ref('int_identity__customers_now') }} as people
        on holders.record_no = people.record_no
    where holders.crossed_at is null
),

values_at_address as (
    select
        homes.customer_no,
        min(homes.customer_no) over (
            partition by homes.house, homes.postcode, shared_values.id_type, shared_values.id_value
        ) as first_customer_no
    from {{ ref('int_identity__homes') }} as homes
    inner join shared_values
        on homes.customer_no = shared_values.customer_no
    cross join limits
    where homes.people_there <= limits.people_at_address
),

ties as (
    select
        first_customer_no,
        customer_no,
        'family_at_address' as reason
    from families_at_address

    union all
    select
        first_customer_no,
        customer_no,
        'value_at_address' as reason
    from values_at_address

    union all
    select
        apart.first_customer_no,
        apart.customer_no,
        'value_held_apart' as reason
    from {{ ref('int_identity__people_apart') }} as apart
    inner join shared_values as first_values
        on apart.first_customer_no = first_values.customer_no
    inner join shared_values
        on
            apart.customer_no = shared_values.customer_no
            and first_values.id_type = shared_values.id_type
            and first_values.id_value = shared_values.id_value
    where apart.may_live_together
)

select distinct
    first_customer_no,
    customer_no,
    reason
from ties
where first_customer_no <> customer_no
