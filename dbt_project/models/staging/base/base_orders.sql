-- One row per row of the landing zone's orders, typed, with the rules it breaks.
{{ typed_rows('orders') }}
