-- One row per rated subject: the latest rating of each person who does not speak for the brand, counted and summed up.
with limits as (
    select
        max(case when what = 'trend_recent_days' then number end) as recent_days,
        max(case when what = 'trend_before_days' then number end) as before_days
    from {{ ref('journey_limits') }}
),

ratings as (
    select
        words.subject_kind,
        words.subject,
        words.speaker_no,
        words.rating,
        words.occurred_at,
        case
            when words.days_ago <= limits.recent_days then 'recent'
            when words.days_ago <= limits.recent_days + limits.before_days then 'before'
            else 'older'
        end as period
    from {{ ref('int_word_of_mouth__subjects') }} as words
    cross join limits
    where words.rating is not null and words.voice <> 'brand'
),

-- Nobody votes twice: of two ratings of one instant the lower counts.
votes as (
    select
        *,
        row_number() over (partition by subject_kind, subject, speaker_no order by occurred_at desc, rating asc) as vote_rank,
        row_number() over (partition by subject_kind, subject, speaker_no, period order by occurred_at desc, rating asc) as period_rank
    from ratings
)

select
    subject_kind,
    subject,
    count(case when vote_rank = 1 then 1 end) as votes,
    sum(case when vote_rank = 1 then rating end) as rating_sum,
    sum(case when vote_rank = 1 then rating * rating end) as rating_squares_sum,
    {%- for period in ["recent", "before"] %}
    count(case when period = '{{ period }}' and period_rank = 1 then 1 end) as {{ period }}_votes,
    coalesce(sum(case when period = '{{ period }}' and period_rank = 1 then rating end), 0) as {{ period }}_rating_sum
    {{- "," if not loop.last }}
    {%- endfor %}
from votes
group by subject_kind, subject
