-- One row per row of the landing zone's identifiers, typed, with the rules it breaks.
{{ typed_rows('identifiers') }}
