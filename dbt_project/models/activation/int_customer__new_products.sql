-- One row per customer for whom a product launched in the last 60 days is of the category or the brand it buys most.
with launched as (
    select
        product_id,
        name,
        category,
        brand,
        launched_at
    from {{ ref('dim_products') }}
    where launched_at >= {{ as_of_date() }} - 60 and launched_at < {{ as_of_date() }}
),

-- One for each favourite there may be: a catalogue may launch thousands, and a customer is told of one.
newest as (
    select
        offered.*,
        row_number() over (
            partition by offered.topic, offered.choice order by offered.launched_at desc, offered.product_id asc
        ) as place
    from (
        {% for topic in ["category", "brand"] %}
        {{ "union all" if not loop.first }}
        select
            '{{ topic }}' as topic,
            {{ topic }} as choice,
            product_id,
            name,
            launched_at
        from launched
        where {{ topic }} is not null
        {% endfor %}
    ) as offered
),

ranked as (
    select
        favourites.customer_no,
        newest.product_id,
        newest.name,
        row_number() over (
            partition by favourites.customer_no
            order by newest.launched_at desc, case when favourites.topic = 'brand' then 1 else 2 end, newest.product_id asc
        ) as newness
    from {{ ref('int_customer__favourites') }} as favourites
    inner join newest
        on favourites.topic = newest.topic and favourites.choice = newest.choice
    where newest.place = 1
)

select
    customer_no,
    product_id as new_product_id,
    coalesce(name, product_id) as new_product_name
from ranked
where newness = 1
