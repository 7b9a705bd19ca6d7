{# The columns of the customer table that come from the models: name, target, column of customer_scores. #}
{% macro score_columns() -%}
    {%- set columns = [] -%}
    {%- for target in ["next_purchase", "churn", "share"] -%}
        {%- for column in ["probability", "decile", "band"] -%}
            {%- do columns.append((target ~ "_" ~ column, target, column)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(columns + [
        ("next_order_expected_days", "next_purchase", "expected_days"),
        ("next_order_expected_amount", "next_purchase", "expected_amount"),
        ("likely_category_1", "next_purchase", "category_1"),
        ("likely_category_2", "next_purchase", "category_2"),
        ("likely_category_3", "next_purchase", "category_3"),
        ("churn_expected_loss", "churn", "expected_loss"),
        ("share_expected_reach", "share", "expected_reach"),
    ]) }}
{%- endmacro %}
