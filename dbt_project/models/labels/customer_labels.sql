-- One row per customer, cut-off, target and horizon whose window has matured; an immature label is no row.
select * from {{ ref('lbl_next_purchase') }}
union all
select * from {{ ref('lbl_churn') }}
union all
select * from {{ ref('lbl_share') }}
