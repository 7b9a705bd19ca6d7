-- One row per delivered reading that as_of_date can see.
{{ accepted_rows('measurements') }}
