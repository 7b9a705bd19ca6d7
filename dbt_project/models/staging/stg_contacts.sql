-- One row per delivered version of a message that as_of_date can see.
{{ accepted_rows('contacts') }}
