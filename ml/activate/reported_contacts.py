"""What the brand reports of its messages, as one day sees it: SQL that the plan and the gate of exports share.

The queries are for the warehouse of that day, or of a later one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ml.data.sql_text import literal, people_now

REFUSALS = ("unsubscribed", "complained")


def visible_contacts(day: date) -> str:
    """Contacts as known at the day, as a relation: one row per message.

    Columns: contact_id, customer_no, customer_id, channel (in small letters), outcome, occurred_at, contact_date.
    """
    return f"""(
        select contacts.contact_id, people.customer_no, people.customer_id,
            lower(contacts.channel) as channel, contacts.outcome, contacts.occurred_at,
            cast(contacts.occurred_at as date) as contact_date
        from events.fct_contacts as contacts
        inner join {people_now()} as people on contacts.record_no = people.record_no
        where contacts.visible_on <= date '{day}'
            and (contacts.superseded_on is null or contacts.superseded_on > date '{day}')
    )"""


def opted_out(day: date, reopened_by: Mapping[str, str]) -> str:
    """Who unsubscribed from a channel or complained there and has not said yes again since.

    Args:
        day: the day that asks.
        reopened_by: the channels asked for, and the consent whose later yes opens each again (an empty text: none).

    Returns:
        A query of customer_id and channel, in their order.
    """
    asked = " union all ".join(
        f"select {literal(channel)} as channel, {literal(consent)} as consent"
        for channel, consent in sorted(reopened_by.items())
    )
    refusals = ", ".join(literal(outcome) for outcome in REFUSALS)
    return f"""
        select distinct contacts.customer_id, contacts.channel
        from {visible_contacts(day)} as contacts
        inner join ({asked}) as asked on contacts.channel = asked.channel
        left join events.int_customer__consents as consents on contacts.customer_no = consents.customer_no
            and asked.consent = consents.purpose and consents.granted
            and contacts.occurred_at < consents.occurred_at
        where contacts.outcome in ({refusals}) and consents.customer_no is null
        order by 1, 2
    """
