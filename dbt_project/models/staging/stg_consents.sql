-- One row per delivered word about a consent that as_of_date can see.
{{ accepted_rows('consents') }}
