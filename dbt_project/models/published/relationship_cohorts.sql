-- One row per month of first purchase and month since: who came back, and what they bought.
with customer_months as (
    select
        customer_no,
        cast(date_trunc('month', occurred_at) as date) as month,
        count(*) as orders,
        sum(amount) as amount
    from {{ ref('int_customer__orders') }}
    where status = 'completed'
    group by customer_no, cast(date_trunc('month', occurred_at) as date)
),

first_months as (
    select
        customer_no,
        min(month) as cohort_month
    from customer_months
    group by customer_no
),

cohorts as (
    select
        cohort_month,
        count(*) as customers
    from first_months
    group by cohort_month
),

-- A month in which nobody of a cohort bought is a row, too.
grid as (
    select
        cohort_month,
        customers,
        {{ month_rows('cohort_month', "cast(date_trunc('month', " ~ as_of_date() ~ ") as date)") }} as month_start
    from cohorts
),

bought as (
    select
        first_months.cohort_month,
        customer_months.month,
        count(*) as active_customers,
        sum(customer_months.orders) as orders,
        sum(customer_months.amount) as amount
    from customer_months
    inner join first_months
        on customer_months.customer_no = first_months.customer_no
    group by first_months.cohort_month, customer_months.month
)

select
    grid.cohort_month,
    cast(
        (year(grid.month_start) - year(grid.cohort_month)) * 12 + month(grid.month_start) - month(grid.cohort_month) as integer
    ) as months_since,
    cast(grid.month_start as date) as month,
    grid.customers,
    coalesce(bought.active_customers, 0) as active_customers,
    {{ significant("cast(coalesce(bought.active_customers, 0) as double) / cast(grid.customers as double)") }} as active_share,
    cast(coalesce(bought.orders, 0) as bigint) as orders,
    cast(coalesce(bought.amount, 0) as decimal(18, 4)) as amount,
    cast(
        sum(coalesce(bought.amount, 0)) over (partition by grid.cohort_month order by grid.month_start rows unbounded preceding)
        as decimal(18, 4)
    ) as cumulative_amount,
    {{ first_of_month_after('grid.month_start') }} <= {{ as_of_date() }} as is_complete
from grid
left join bought
    on grid.cohort_month = bought.cohort_month and grid.month_start = bought.month
