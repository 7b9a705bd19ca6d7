{# Did this share make somebody else join or order? False while one of the two people is not known. #}
{% macro has_joined(share) -%}
    {{ share }}.outcome in ('joined', 'ordered')
    and {{ share }}.inviter_no <> {{ share }}.invitee_no
{%- endmacro %}

{#
  Who brought whom: one row per person brought, with the share that did it.

  A person is brought by the first share that made him join or order, when he had completed no order before it and had
  himself made nobody join or order by then. Who had, had so before every later share as well: so only the first one can
  bring him, and along a tree of bringing time only goes forward, which keeps it a tree.

  `shares`: those that count on the day asked for, with source, share_id, inviter_no, invitee_no, outcome, occurred_at.
  `orders`: those that count on that day, with customer_no, status, occurred_at; at least those of everybody invited.
#}
{% macro brought_people(shares, orders) -%}
    select
        joining.source,
        joining.share_id,
        joining.inviter_no,
        joining.invitee_no,
        joining.occurred_at as brought_at
    from (
        select
            shares.source,
            shares.share_id,
            shares.inviter_no,
            shares.invitee_no,
            shares.occurred_at,
            row_number() over (
                partition by shares.invitee_no
                order by shares.occurred_at, shares.source, shares.share_id
            ) as joining_rank
        from {{ shares }} as shares
        where {{ has_joined('shares') }}
    ) as joining
    left join (
        select
            shares.inviter_no,
            min(shares.occurred_at) as first_sent_at
        from {{ shares }} as shares
        where {{ has_joined('shares') }}
        group by shares.inviter_no
    ) as sending
        on joining.invitee_no = sending.inviter_no
    left join (
        select
            orders.customer_no,
            min(orders.occurred_at) as first_order_at
        from {{ orders }} as orders
        where orders.status = 'completed'
        group by orders.customer_no
    ) as buying
        on joining.invitee_no = buying.customer_no
    where
        joining.joining_rank = 1
        and (buying.first_order_at is null or buying.first_order_at >= joining.occurred_at)
        and (sending.first_sent_at is null or sending.first_sent_at > joining.occurred_at)
{%- endmacro %}
