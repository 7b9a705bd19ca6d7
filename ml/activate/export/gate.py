"""The one gate: who of an audience may be delivered to a destination, and if not, the first reason why not.

Pure: facts in, verdicts out. The order of the reasons is fixed. First what concerns the person (may this person
be met at all?), then the holdout, then what concerns this list today. So the people held out have passed
exactly the checks that those they are compared with have passed, and a later reading is by intention to treat.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ml.activate.channels import ANY_CHANNEL
from ml.activate.contact_limits import ContactLimit
from ml.activate.export.destinations import Destination
from ml.activate.export.facts import (
    TREATMENT,
    Contact,
    Facts,
    Member,
    Person,
    Planned,
    Terms,
)
from ml.activate.export.normalise import Plain, defused, looks_hashed, sha256

NO_CONSENT = "no_consent_"
OVER_SIZE, TOO_SMALL = "over_size", "list_too_small"
# After these a person has passed every check that is about the person alone.
AFTER_THE_PERSON = ("held_out", "over_cap", "not_planned", OVER_SIZE, TOO_SMALL)
REASONS = {
    "unknown_person": "unknown, erased, or in no row of customers any more",
    "profiling_refused": "said no to profiling",
    NO_CONSENT: "has not said yes to this purpose",
    "suppressed": "on the suppression list",
    "opted_out": "unsubscribed from this channel, or complained about it",
    "wants_peace": "to be left in peace",
    "already_hashed": "the only identifier came in as a hash, which is never hashed again",
    "no_identifier": "no identifier that this destination can use",
    "in_both_groups": "two records became one person, one held out and one not",
    "held_out": "held out, to measure what the list brings",
    "over_cap": "contacted often enough in these days",
    "not_planned": "today's plan chose something else",
    OVER_SIZE: "beyond the size cap of the audience",
    TOO_SMALL: "the list is smaller than the destination takes",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says of one person: the first reason against, or None; and the row to be delivered."""

    customer_id: str
    group: str | None
    reason: str | None
    row: tuple[str, ...] = ()
    value: float = 0.0

    @property
    def is_eligible(self) -> bool:
        """Has the person passed every check on the person? Held-out people may have, mixed ones never."""
        return self.reason is None or self.reason in AFTER_THE_PERSON


@dataclass(frozen=True)
class Judged:
    """The verdicts on all members, by customer_id; whether the list may go out; identifiers refused as hashes."""

    verdicts: tuple[Verdict, ...]
    is_stopped: bool
    hashed_inputs: int


def judge(facts: Facts, terms: Terms, destination: Destination) -> Judged:
    """Judge every member of an audience for one destination.

    The list is stopped as a whole when fewer people pass than the destination takes: all who passed get the
    reason `list_too_small`.
    """
    members = sorted(facts.members, key=lambda member: member.customer_id)
    verdicts = [_judge_one(member, facts, terms, destination) for member in members]
    verdicts = _within_size(verdicts, {m.customer_id: m.place for m in members}, terms.size_cap)
    passed = sum(verdict.reason is None for verdict in verdicts)
    if is_stopped := passed < terms.minimum_size:
        verdicts = [_dropped(one, TOO_SMALL) if one.reason is None else one for one in verdicts]
    hashed = sum(
        looks_hashed(text)
        for member in members
        if member.customer_id in facts.people
        for text in facts.people[member.customer_id].texts.values()
    )
    return Judged(tuple(verdicts), is_stopped, hashed)


def reason_against(
    customer_id: str, facts: Facts, terms: Terms, destination: Destination
) -> str | None:
    """Why somebody who is no member any more could not be met; None: nothing but the audience was left."""
    return _judge_one(Member(customer_id), facts, terms, destination).reason


def contact_days(cap: ContactLimit, day: date, contacts: Iterable[Contact]) -> int:
    """Days with a contact within the days of a cap, the last of which is `day` itself."""
    first = day - timedelta(days=cap.period_days - 1)
    return len(
        {
            on
            for channel, on in contacts
            if first <= on <= day and cap.channel in (ANY_CHANNEL, channel)
        }
    )


def _judge_one(member: Member, facts: Facts, terms: Terms, destination: Destination) -> Verdict:
    person = facts.people.get(member.customer_id)
    reason = _about_the_person(person, facts, terms)
    row: tuple[str, ...] = ()
    if person is not None and reason is None:
        plan = facts.planned.get(member.customer_id) if facts.planned else None
        row = row_of(person, member.gesture, terms, destination, plan)
        reason = _about_identifiers(person, row, destination)
    if reason is None:
        reason = _about_today(member, facts, terms)
    value = facts.values.get(member.customer_id, 0.0)
    return Verdict(member.customer_id, member.group, reason, row, value)


def _about_the_person(person: Person | None, facts: Facts, terms: Terms) -> str | None:
    if person is None:
        return "unknown_person"
    if not person.consents.get("profiling", terms.profiling_default):
        return "profiling_refused"
    for purpose in terms.purposes:
        if not person.consents.get(purpose, False):
            return NO_CONSENT + purpose
    if facts.suppression.holds(person.customer_id, person.texts, terms.default_country):
        return "suppressed"
    if person.customer_id in facts.opted_out:
        return "opted_out"
    return "wants_peace" if person.customer_id in facts.in_peace else None


def _about_identifiers(
    person: Person, row: tuple[str, ...], destination: Destination
) -> str | None:
    filled = dict(zip(destination.header, row, strict=True))
    if not destination.identifiers or any(filled[name] for name in destination.identifiers):
        return None
    sources = [one.source for one in destination.fields if one.column in destination.identifiers]
    if any(looks_hashed(person.texts.get(source or "", "")) for source in sources):
        return "already_hashed"
    return "no_identifier"


def _about_today(member: Member, facts: Facts, terms: Terms) -> str | None:
    who = member.customer_id
    if who in facts.mixed:
        return "in_both_groups"
    if member.group != TREATMENT or who in facts.held_out:
        return "held_out"
    contacts = facts.contacts.get(who, frozenset())
    if any(contact_days(cap, terms.day, contacts) >= cap.most_contacts for cap in terms.caps):
        return "over_cap"
    return "not_planned" if facts.planned is not None and who not in facts.planned else None


def row_of(
    person: Person, gesture: str, terms: Terms, destination: Destination, plan: Planned | None
) -> tuple[str, ...]:
    """The row of a person as it would be delivered; a field that is unknown, or came in hashed, is empty."""
    plan = plan or Planned(reason=terms.audience)
    texts = {
        **person.texts,
        "customer_id": person.customer_id,
        "audience": terms.audience,
        "reason": plan.reason,
        "offer": plan.offer,
        "item": plan.item,
        "gesture": gesture,
    }
    row = []
    for one in destination.fields:
        text = texts.get(one.source or "", "")
        form = one.form(text, terms.default_country) if text and not looks_hashed(text) else None
        if form is None or looks_hashed(form):
            row.append("")
        else:
            row.append(sha256(Plain(form)).digest if one.hashed else _cell(form, destination))
    return tuple(row)


def _cell(text: str, destination: Destination) -> str:
    return defused(text) if destination.suffix == "csv" else text


def _within_size(
    verdicts: list[Verdict], places: Mapping[str, int | None], size_cap: int | None
) -> list[Verdict]:
    """Keep the first of those who passed: by their place in the audience, else by value; ties by customer_id."""
    if size_cap is None:
        return verdicts

    def order(verdict: Verdict) -> tuple[float, float, str]:
        place = places[verdict.customer_id]
        return (float("inf") if place is None else place, -verdict.value, verdict.customer_id)

    passed = sorted((one for one in verdicts if one.reason is None), key=order)
    beyond = {one.customer_id for one in passed[size_cap:]}
    return [_dropped(one, OVER_SIZE) if one.customer_id in beyond else one for one in verdicts]


def _dropped(verdict: Verdict, reason: str) -> Verdict:
    return Verdict(verdict.customer_id, verdict.group, reason, verdict.row, verdict.value)


def reasons_of(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many people each reason kept out, by reason."""
    counted = Counter(verdict.reason for verdict in verdicts if verdict.reason is not None)
    return dict(sorted(counted.items()))
