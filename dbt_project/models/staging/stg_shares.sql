-- One row per delivered version of a share that as_of_date can see.
{{ accepted_rows('shares') }}
