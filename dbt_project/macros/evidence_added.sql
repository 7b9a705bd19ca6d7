{#
  Evidence that grows. What becomes known after the former run is numbered behind what was known then, so rows are added
  and those of the records that the news speak of replaced. Where a new file tells of an earlier day, numbers may shift:
  then the tables are filled anew.
#}

{# Does this build add to the evidence that is there? #}
{% macro adds_evidence() -%}
    {%- set late_news = ref("int_identity__late_news") -%}
    {%- if not execute or not is_incremental() %}{{ return(false) }}{% endif -%}
    {{ return(rows_of("select 1 from " ~ late_news ~ " limit 1", []) | length == 0) }}
{%- endmacro %}

{# Before a table is filled anew: nothing stays of what it held. #}
{% macro emptied_when_late() -%}
    {%- if is_incremental() and not adds_evidence() %}delete from {{ this }}{% endif -%}
{%- endmacro %}

{# The day of the former run, as an instant: what is news became known from then on. #}
{% macro former_instant() -%}
    (select cast(max(as_of_date) as timestamp) from {{ source("control", "former_run") }})
{%- endmacro %}

{# Staged rows of an entity; where evidence is added, those of records that news of some entities speak of.
   `named`: whoever asks gives them a name of their own. #}
{% macro rows_to_judge(staged, entities, adds, named=false) -%}
    {%- if not adds %}{{ return(staged) }}{% endif -%}
    (
        select rows_of_records.*
        from {{ staged }} as rows_of_records
        inner join (
            {%- for entity in entities %}
            {{ "union" if not loop.first }}
            {{ news_keys(entity, ["source", "source_key"]) }}
            {%- endfor %}
        ) as news
            on rows_of_records.source = news.source and rows_of_records.source_key = news.source_key
    ){{ " as rows_to_judge" if not named }}
{%- endmacro %}

{# Where records are named: the entity, its columns of the source and of the key, and since when the brand knows. #}
{% macro record_mentions() -%}
    {{ return([
        ("profiles", "source", "source_key", "known_at"),
        ("identifiers", "source", "source_key", "known_at"),
        ("links", "left_source", "left_key", "known_at"),
        ("links", "right_source", "right_key", "known_at"),
        ("orders", "source", "source_key", "greatest(occurred_at, known_at)"),
        ("orders", "source", "seller_key", "greatest(occurred_at, known_at)"),
        ("interactions", "source", "source_key", "greatest(occurred_at, known_at)"),
        ("shares", "source", "inviter_key", "greatest(occurred_at, known_at)"),
        ("shares", "source", "invitee_key", "greatest(occurred_at, known_at)"),
        ("contacts", "source", "source_key", "greatest(occurred_at, known_at)"),
        ("consents", "source", "source_key", "greatest(occurred_at, known_at)"),
        ("measurements", "source", "source_key", "greatest(occurred_at, known_at)"),
    ]) }}
{%- endmacro %}
