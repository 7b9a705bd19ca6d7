-- One row per row of the landing zone's shares, typed, with the rules it breaks.
{{ typed_rows('shares') }}
