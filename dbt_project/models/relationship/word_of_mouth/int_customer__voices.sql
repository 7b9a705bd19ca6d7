-- One row per customer who does not speak as a mere user: whoever works for the brand speaks for it, expert or not.
with ranks as (
    select
        people.customer_no,
        min(voices.voice_rank) as voice_rank
    from {{ ref('int_customer__roles') }} as people
    inner join {{ ref('voice_roles') }} as voices
        on {{ has_role('people.roles', 'voices.role') }}
    group by people.customer_no
),

voice_names as (
    select distinct
        voice_rank,
        voice
    from {{ ref('voice_roles') }}
)

select
    ranks.customer_no,
    voice_names.voice
from ranks
inner join voice_names
    on ranks.voice_rank = voice_names.voice_rank
