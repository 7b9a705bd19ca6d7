-- One row per kind of subject and subject that somebody spoke of: who spoke how, and what those who rated it think.
with limits as (
    select
        max(case when what = 'width_many' then number end) as width_many,
        max(case when what = 'width_some' then number end) as width_some
    from {{ ref('journey_limits') }}
),

spoken as (
    select
        subject_kind,
        subject,
        count(distinct case when voice <> 'brand' then speaker_no end) as voices_count,
        count(distinct case when voice = 'expert' then speaker_no end) as expert_voices_count,
        count(distinct case when voice = 'brand' then speaker_no end) as brand_voices_count,
        count(case when voice = 'brand' then 1 end) as brand_words_count,
        {%- for sentiment in ["positive", "negative"] %}
        count(case when voice <> 'brand' and sentiment = '{{ sentiment }}' then 1 end) as {{ sentiment }}_reviews,
        {%- endfor %}
        {%- for kind in ["review", "share", "referral"] %}
        count(case when voice <> 'brand' and kind = '{{ kind }}' then 1 end) as {{ kind }}s
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('int_word_of_mouth__subjects') }}
    group by subject_kind, subject
)

select
    spoken.subject_kind,
    spoken.subject,
    spoken.voices_count,
    spoken.expert_voices_count,
    spoken.brand_voices_count,
    spoken.brand_words_count,
    spoken.reviews,
    spoken.positive_reviews,
    spoken.negative_reviews,
    spoken.shares,
    spoken.referrals,
    coalesce(indices.votes, 0) as votes,
    indices.mean_rating,
    {{ decimal_of("100 * indices.reputation", 4, 1) }} as reputation_index,
    -- greatest() and least() pass over nulls.
    case when indices.votes > 0 then {{ decimal_of("100 * greatest(indices.reputation - indices.margin, 0)", 4, 1) }} end as low,
    case when indices.votes > 0 then {{ decimal_of("100 * least(indices.reputation + indices.margin, 1)", 4, 1) }} end as high,
    case
        when indices.margin_alone is null then null
        when 200 * indices.margin_alone <= limits.width_many then 'many'
        when 200 * indices.margin_alone <= limits.width_some then 'some'
        else 'few'
    end as confidence,
    case
        when indices.shift > indices.shift_margin then 'rising'
        when indices.shift < -indices.shift_margin then 'falling'
        when indices.shift is not null then 'steady'
    end as trend
from spoken
cross join limits
left join {{ ref('int_reputation__indices') }} as indices
    on spoken.subject_kind = indices.subject_kind and spoken.subject = indices.subject
