-- One row per row of the landing zone's profiles, typed, with the rules it breaks.
{{ typed_rows('profiles') }}
