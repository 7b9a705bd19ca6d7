-- One row per row of the landing zone's consents, typed, with the rules it breaks.
{{ typed_rows('consents') }}
