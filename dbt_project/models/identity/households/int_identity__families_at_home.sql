-- One row per customer with an address and family name it bears: how many bear it there, and how many elsewhere.
with namesakes as (
    select
        family,
        count(*) as namesakes
    from {{ ref('int_identity__family_names') }}
    group by family
),

named as (
    select count(distinct customer_no) as named_people from {{ ref('int_identity__family_names') }}
),

at_home as (
    select
        homes.customer_no,
        homes.house,
        homes.postcode,
        homes.people_there,
        families.family,
        count(*) over (partition by homes.house, homes.postcode, families.family) as namesakes_there
    from {{ ref('int_identity__homes') }} as homes
    inner join {{ ref('int_identity__family_names') }} as families
        on homes.customer_no = families.customer_no
    where homes.house is not null
)

select
    at_home.customer_no,
    at_home.house,
    at_home.postcode,
    at_home.people_there,
    at_home.family,
    at_home.namesakes_there,
    namesakes.namesakes - at_home.namesakes_there as namesakes_elsewhere,
    named.named_people - at_home.namesakes_there as named_people_elsewhere
from at_home
inner join namesakes
    on at_home.family = namesakes.family
cross join named
