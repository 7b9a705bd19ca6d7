-- One row per delivered version of a profile that as_of_date can see.
{{ accepted_rows('profiles') }}
