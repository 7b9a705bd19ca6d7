-- One row per row of the landing zone's measurements, typed, with the rules it breaks.
{{ typed_rows('measurements') }}
