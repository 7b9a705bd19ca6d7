-- One row per row of the landing zone's products, typed, with the rules it breaks.
{{ config(materialized=appendable()) }}
{{ typed_rows('products') }}
