-- One row per customer and tag of the catalogue (seed tag_rules), with the evidence a marketer can read. Who refused profiling has no tags.
-- depends_on: {{ ref('tag_rules') }}
with allowed as (
    select
        people.customer_no,
        people.customer_id
    from {{ ref('int_customer__roles') }} as people
    left join {{ ref('int_customer__refusals') }} as refusals
        on people.customer_no = refusals.customer_no
    where refusals.customer_no is null
),

tags as (
    {% for query in tag_queries() %}
    {{ "union all" if not loop.first }}
    {{ query }}
    {% endfor %}
)

select
    allowed.customer_id,
    tags.tag,
    tags.tag_value,
    tags.evidence
from tags
inner join allowed
    on tags.customer_no = allowed.customer_no
where tags.tag_value is not null
