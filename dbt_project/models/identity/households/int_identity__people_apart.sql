-- One row per pair of customers whose own traits differ at as_of_date, and whether they may live together.
with pairs as (
    select distinct
        least(lefts.customer_no, rights.customer_no) as first_customer_no,
        greatest(lefts.customer_no, rights.customer_no) as customer_no
    from {{ ref('int_identity__doubts') }} as doubts
    inner join {{ ref('int_identity__customers_now') }} as lefts
        on doubts.left_record_no = lefts.record_no
    inner join {{ ref('int_identity__customers_now') }} as rights
        on doubts.right_record_no = rights.record_no
    where
        lefts.customer_no <> rights.customer_no
        and doubts.valid_from <= {{ as_of_date() }}
        and (doubts.valid_to is null or doubts.valid_to > {{ as_of_date() }})
),

families as (
    select
        pairs.first_customer_no,
        pairs.customer_no,
        max(case when first_names.family <> names.family then 0 else 1 end) = 1 as may_be_one_family
    from pairs
    left join {{ ref('int_identity__family_names') }} as first_names
        on pairs.first_customer_no = first_names.customer_no
    left join {{ ref('int_identity__family_names') }} as names
        on pairs.customer_no = names.customer_no
    group by pairs.first_customer_no, pairs.customer_no
)

-- Where the postcodes of both are known, they say; else the family names, where both are known.
select
    families.first_customer_no,
    families.customer_no,
    coalesce(first_homes.postcode = homes.postcode, families.may_be_one_family) as may_live_together
from families
left join {{ ref('int_identity__homes') }} as first_homes
    on families.first_customer_no = first_homes.customer_no
left join {{ ref('int_identity__homes') }} as homes
    on families.customer_no = homes.customer_no
