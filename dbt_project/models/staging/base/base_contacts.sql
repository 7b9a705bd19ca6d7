-- One row per row of the landing zone's contacts, typed, with the rules it breaks.
{{ config(materialized=appendable()) }}
{{ typed_rows('contacts') }}
