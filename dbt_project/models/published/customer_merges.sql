-- One row per day on which a customer turned out to be an older one, whose id survived.
select
    retired.customer_id as retired_id,
    joins.merged_on as merged_at,
    surviving.customer_id as surviving_id,
    joins.reason
from {{ source('resolved', 'merges') }} as joins
inner join {{ ref('int_identity__records') }} as retired
    on joins.retired_record_no = retired.record_no
inner join {{ ref('int_identity__records') }} as surviving
    on joins.surviving_record_no = surviving.record_no
