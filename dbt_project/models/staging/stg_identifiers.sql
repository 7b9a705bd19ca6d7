-- One row per delivered pointer to a person that as_of_date can see.
{{ accepted_rows('identifiers') }}
