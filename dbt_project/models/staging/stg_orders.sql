-- One row per delivered version of an order that as_of_date can see, money in the brand's currency.
with accepted as (
    {{ accepted_rows('orders') }}
)

select
    accepted.source,
    accepted.order_id,
    accepted.source_key,
    accepted.seller_key,

    accepted.channel,
    accepted.store_id,
    accepted.status,
    accepted.coupon_id,
    accepted.currency,

    {{ in_brand_currency('accepted.amount', 'coalesce(rates.rate, 1)') }} as amount,
    {{ in_brand_currency('accepted.discount', 'coalesce(rates.rate, 1)') }} as discount,
    cast(coalesce(rates.rate, 1) as decimal(18, 8)) as currency_rate,

    accepted.occurred_at,
    accepted.known_at,
    accepted.visible_on
from accepted
left join {{ source('control', 'rates') }} as rates
    on upper(accepted.currency) = rates.currency
