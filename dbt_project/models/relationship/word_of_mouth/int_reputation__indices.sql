-- One row per rated subject: its mean drawn towards that of its kind, the less so the more people voted, and how sure that is.
-- Credibility after Bühlmann and Straub (1970), an empirical Bayes mean; docs/journey.md tells the formulas.
with limits as (
    select
        {%- for limit in ["prior_votes_least", "prior_votes_most", "prior_votes_default", "subjects_to_learn_from", "interval_z"] %}
        cast(max(case when what = '{{ limit }}' then number end) as double) as {{ limit }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ ref('journey_limits') }}
),

subjects as (
    select
        *,
        cast(rating_sum as double) / votes as mean_rating,
        -- Sums of doubles differ from run to run, those of decimals do not.
        {{ decimal_of("cast(rating_squares_sum as double) - cast(rating_sum as double) * rating_sum / votes", 18, 9) }} as squares_within
    from {{ ref('int_reputation__votes') }}
),

kinds as (
    select
        subject_kind,
        cast(count(*) as double) as subjects_count,
        cast(sum(votes) as double) as votes,
        cast(sum(cast(votes as decimal(18, 0)) * votes) as double) as votes_squares_sum,
        cast(sum(rating_sum) as double) / cast(sum(votes) as double) as mean_rating,
        -- Two imaginary votes, the best and the worst, so that unanimous votes of a few are not taken for certainty.
        least(0.25, (cast(sum(squares_within) as double) + 0.5) / cast(sum(votes) - count(*) + 1 as double)) as variance_within
    from subjects
    group by subject_kind
),

spreads as (
    select
        kinds.subject_kind,
        cast(sum({{ decimal_of("subjects.votes * power(subjects.mean_rating - kinds.mean_rating, 2)", 18, 9) }}) as double) as squares_between
    from subjects
    inner join kinds
        on subjects.subject_kind = kinds.subject_kind
    group by kinds.subject_kind
),

variances as (
    select
        kinds.*,
        (spreads.squares_between - (kinds.subjects_count - 1) * kinds.variance_within)
        / nullif(kinds.votes - kinds.votes_squares_sum / kinds.votes, 0) as variance_between
    from kinds
    inner join spreads
        on kinds.subject_kind = spreads.subject_kind
),

priors as (
    select
        variances.subject_kind,
        variances.mean_rating,
        variances.variance_within,
        limits.interval_z,
        case
            when variances.subject_kind = 'all' then 0
            when variances.subjects_count < limits.subjects_to_learn_from or variances.variance_between is null then limits.prior_votes_default
            when variances.variance_between <= variances.variance_within / limits.prior_votes_most then limits.prior_votes_most
            else greatest(limits.prior_votes_least, variances.variance_within / variances.variance_between)
        end as prior_votes
    from variances
    cross join limits
),

indices as (
    select
        subjects.*,
        priors.prior_votes,
        priors.variance_within,
        priors.interval_z,
        (priors.prior_votes * priors.mean_rating + cast(subjects.rating_sum as double)) / (priors.prior_votes + subjects.votes) as reputation,
        priors.interval_z * sqrt(priors.variance_within / (priors.prior_votes + subjects.votes)) as margin,
        priors.interval_z * sqrt(priors.variance_within / subjects.votes) as margin_alone
    from subjects
    inner join priors
        on subjects.subject_kind = priors.subject_kind
),

-- Both periods are drawn towards the subject's own index: a shift is not made by who is drawn how far.
shifts as (
    select
        *,
        case when recent_votes > 0 and before_votes > 0 then
            (prior_votes * reputation + cast(recent_rating_sum as double)) / (prior_votes + recent_votes)
            - (prior_votes * reputation + cast(before_rating_sum as double)) / (prior_votes + before_votes)
        end as shift,
        case when recent_votes > 0 and before_votes > 0 then
            interval_z * sqrt(variance_within / (prior_votes + recent_votes) + variance_within / (prior_votes + before_votes))
        end as shift_margin
    from indices
)

select
    subject_kind,
    subject,
    votes,
    {%- for figure in ["mean_rating", "reputation", "margin", "margin_alone", "shift", "shift_margin"] %}
    {{ significant(figure) }} as {{ figure }}
    {{- "," if not loop.last }}
    {%- endfor %}
from shifts
