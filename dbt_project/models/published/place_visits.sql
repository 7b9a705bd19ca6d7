-- One row per place that visits are known of: how many, by how many people, how long, and whether they come back and buy.
{% set windows = [30, 90] %}
with visits as (
    select
        *,
        {{ days_between(as_of_date(), 'begun_at') }} as days_ago
    from {{ ref('int_customer__store_visits') }}
),

-- Where no order names the place, nobody knows who bought there.
selling_places as (
    select distinct store_id as place
    from {{ ref('int_customer__orders') }}
    where status = 'completed' and store_id is not null
),

counted as (
    select
        place,
        count(*) as visits,
        count(distinct customer_no) as visitors,
        median(dwell_seconds) as median_dwell_seconds,
        {%- for days in windows %}
        -- A visit is judged once all days of the window are over.
        count(case when days_ago > {{ days }} then 1 end) as visits_judged_{{ days }}d,
        count(case when days_ago > {{ days }} and days_to_next_visit <= {{ days }} then 1 end) as visits_returned_{{ days }}d,
        {%- endfor %}
        count(case when has_bought then 1 end) as visits_bought
    from visits
    group by place
)

select
    counted.place,
    counted.visits,
    counted.visitors,
    {{ significant('cast(counted.visits as double) / counted.visitors') }} as visits_per_visitor,
    {{ significant('cast(counted.median_dwell_seconds as double)') }} as median_dwell_seconds,
    {%- for days in windows %}
    counted.visits_judged_{{ days }}d,
    case when counted.visits_judged_{{ days }}d > 0 then
        {{ significant('cast(counted.visits_returned_' ~ days ~ 'd as double) / counted.visits_judged_' ~ days ~ 'd') }}
    end as share_returning_{{ days }}d,
    {%- endfor %}
    case when selling_places.place is not null then
        {{ significant('cast(counted.visits_bought as double) / counted.visits') }}
    end as share_bought
from counted
left join selling_places
    on counted.place = selling_places.place
