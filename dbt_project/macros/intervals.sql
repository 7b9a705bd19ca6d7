{# Intervals that hold the true value 95 times of 100, from exact counts and sums. #}

{% macro normal_quantile() %}{{ return(1.959963984540054) }}{% endmacro %}

{#
  One end (-1: lower, 1: upper) of the interval of a share, after Wilson (1927), "Probable inference, the law of succession,
  and statistical inference": unlike the textbook's it stays within 0 and 1, and holds for few observations, too.
#}
{% macro wilson_end(successes, count, side) -%}
    {%- set z = normal_quantile() -%}
    {%- set k = "cast(" ~ successes ~ " as double)" -%}
    {%- set n = "nullif(cast(" ~ count ~ " as double), 0)" -%}
    (({{ k }} + {{ z * z / 2 }}) + ({{ side }}) * {{ z }} * sqrt({{ k }} * ({{ n }} - {{ k }}) / {{ n }} + {{ z * z / 4 }}))
    / ({{ n }} + {{ z * z }})
{%- endmacro %}

{#
  One end (-1: lower, 1: upper) of the interval of a mean of counts by the normal approximation, mean ± z * s / sqrt(n), with the
  sample variance s² from the sum of the values and the sum of their squares; no mean of counts is below 0. Where nothing was
  counted there is no variance to go by: then the true mean is at most 3 / n (Hanley and Lippman-Hand 1983, "If nothing goes
  wrong, is everything all right?").
#}
{% macro mean_end(total, squares, count, side) -%}
    {%- set n = "nullif(cast(" ~ count ~ " as double), 0)" -%}
    case
        when {{ total }} = 0 then {{ "3 / " ~ n if side == 1 else "0 * " ~ n }}
        else greatest(
            cast({{ total }} as double) / {{ n }} + ({{ side }}) * {{ normal_quantile() }} * sqrt(
                greatest(cast({{ count }} * {{ squares }} - {{ total }} * {{ total }} as double), 0)
                / nullif(cast({{ count }} * ({{ count }} - 1) as double), 0) / {{ n }}
            ),
            0
        )
    end
{%- endmacro %}

{#
  The place, among `count` values in their order, of one end (-1: lower, 1: upper) of the interval of their median, whatever
  their distribution: Conover (1999), "Practical Nonparametric Statistics", section 3.2. Null below six values, whose
  extremes hold the median less often than 95 times of 100.
#}
{% macro median_end_place(count, side) -%}
    case when {{ count }} >= 6 then
        ceil(cast({{ count }} as double) / 2 + ({{ side }}) * {{ normal_quantile() / 2 }} * sqrt(cast({{ count }} as double)))
    end
{%- endmacro %}
