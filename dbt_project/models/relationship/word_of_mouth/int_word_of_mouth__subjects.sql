-- One row per word and subject it is about: the brand as a whole, and its product, category, brand line and place where it has them.
{% for subject_kind, subject in [
    ("all", "'all'"), ("product", "product_id"), ("category", "category"), ("brand_line", "brand"), ("place", "place"),
] %}
select
    '{{ subject_kind }}' as subject_kind,
    {{ subject }} as subject,
    speaker_no,
    voice,
    kind,
    rating,
    sentiment,
    {{ days_between(as_of_date(), 'occurred_at') }} as days_ago,
    occurred_at
from {{ ref('int_word_of_mouth') }}
where {{ subject }} is not null
{{ "union all" if not loop.last }}
{% endfor %}
