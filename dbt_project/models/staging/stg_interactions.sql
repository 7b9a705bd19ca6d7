-- One row per delivered interaction that as_of_date can see.
{{ accepted_rows('interactions') }}
