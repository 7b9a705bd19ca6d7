-- Events hold what as_of_date can see and nothing else: both clocks of every fact lie before its 00:00.
{% for events in ["fct_orders", "fct_shares", "fct_contacts", "fct_interactions", "fct_consents", "fct_measurements"] %}
{{ "union all" if not loop.first }}
select
    '{{ events }}' as events,
    occurred_at,
    known_at,
    visible_on
from {{ ref(events) }}
where
    occurred_at >= {{ as_of_date() }}
    or known_at >= {{ as_of_date() }}
    or visible_on is null
    or visible_on > {{ as_of_date() }}
{% endfor %}
