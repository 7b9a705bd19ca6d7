-- One row per delivered row of the assortment; products are timeless.
{{ accepted_rows('products') }}
