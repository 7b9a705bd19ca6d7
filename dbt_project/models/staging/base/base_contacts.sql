-- One row per row of the landing zone's contacts, typed, with the rules it breaks.
{{ typed_rows('contacts') }}
