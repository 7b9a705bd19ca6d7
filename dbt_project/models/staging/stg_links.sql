-- One row per delivered decision about two records that as_of_date can see.
{{ accepted_rows('links') }}
