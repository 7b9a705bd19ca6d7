-- One row per customer and grid date (each Monday since the first fact): how close the customer stood, and what moved it.
select
    customer_id,
    as_of_date,
    level,
    previous_level,
    since,
    cast(days_stood as integer) as days_stood,
    moved,
    case when moved is not null then last_reason end as reason
from {{ ref('int_customer__levels') }}
