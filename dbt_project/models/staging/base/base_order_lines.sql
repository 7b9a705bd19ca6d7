-- One row per row of the landing zone's order_lines, typed, with the rules it breaks.
{{ config(materialized=appendable()) }}
{{ typed_rows('order_lines') }}
