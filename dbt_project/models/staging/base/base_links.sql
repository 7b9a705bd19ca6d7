-- One row per row of the landing zone's links, typed, with the rules it breaks.
{{ typed_rows('links') }}
