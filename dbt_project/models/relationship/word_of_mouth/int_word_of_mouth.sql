-- One row per word that somebody spread about the brand: a share sent, a review or rating, a person brought.
with spoken as (
    select
        inviter_no as speaker_no,
        'share' as kind,
        cast(null as string) as source,
        channel,
        cast(null as string) as place,
        product_id,
        cast(null as decimal(18, 4)) as rating,
        occurred_at
    from {{ ref('int_customer__shares') }}

    union all
    -- What service was like is no word about the product, and was said to the brand alone.
    select
        interactions.customer_no as speaker_no,
        'review' as kind,
        interactions.source,
        interactions.channel,
        interactions.place,
        interactions.product_id,
        interactions.rating,
        interactions.occurred_at
    from {{ ref('int_customer__interactions') }} as interactions
    left join {{ ref('journey_kinds') }} as kinds
        on interactions.kind = kinds.kind
    where kinds.says = 'review' or (interactions.rating is not null and kinds.says is null)

    union all
    -- A referral is about what the credited share was about.
    select
        inviter_no as speaker_no,
        'referral' as kind,
        cast(null as string) as source,
        channel,
        cast(null as string) as place,
        product_id,
        cast(null as decimal(18, 4)) as rating,
        brought_at as occurred_at
    from {{ ref('int_referrals') }}
),

ratings as (
    select
        source,
        rating,
        count(*) as ratings_count
    from spoken
    where rating is not null
    group by source, rating
),

limits as (
    select max(number) as outliers_most
    from {{ ref('journey_limits') }}
    where what = 'rating_outliers_most'
),

-- The smallest of the usual scales that holds a source's ratings, but for a few slips.
fitting_scales as (
    select
        ratings.source,
        scales.scale_rank
    from ratings
    cross join {{ ref('rating_scales') }} as scales
    cross join limits
    group by ratings.source, scales.scale_rank
    having
        sum(case when ratings.rating >= scales.lowest and ratings.rating <= scales.highest then 0 else ratings.ratings_count end)
        <= sum(ratings.ratings_count) * max(limits.outliers_most)
),

source_scales as (
    select
        fitting.source,
        scales.lowest,
        scales.highest
    from (
        select
            source,
            min(scale_rank) as scale_rank
        from fitting_scales
        group by source
    ) as fitting
    inner join {{ ref('rating_scales') }} as scales
        on fitting.scale_rank = scales.scale_rank
),

rated as (
    select
        spoken.speaker_no,
        coalesce(voices.voice, 'user') as voice,
        spoken.kind,
        spoken.occurred_at,
        spoken.product_id,
        products.category,
        products.brand,
        spoken.place,
        spoken.channel,
        case when spoken.rating >= scales.lowest and spoken.rating <= scales.highest then
            {{ decimal_of("cast(spoken.rating - scales.lowest as double) / (scales.highest - scales.lowest)", 9, 6) }}
        end as rating
    from spoken
    left join source_scales as scales
        on spoken.source = scales.source
    left join {{ ref('int_customer__voices') }} as voices
        on spoken.speaker_no = voices.customer_no
    left join {{ ref('dim_products') }} as products
        on spoken.product_id = products.product_id
)

select
    *,
    -- By thirds of the scale: of five stars one and two are negative, four and five positive. Texts are not read (docs/journey.md).
    case when 3 * rating >= 2 then 'positive' when 3 * rating <= 1 then 'negative' when rating is not null then 'neutral' end as sentiment
from rated
