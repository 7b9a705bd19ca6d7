-- One row per customer and grid date (each Monday since the first fact): how close the customer stood.
select
    customer_id,
    as_of_date,
    level,
    previous_level,
    since
from {{ ref('int_customer__levels') }}
