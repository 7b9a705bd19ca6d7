"""`kith who`: the person a record belongs to, what joins their records, and what was kept out, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from ml.home import Home
from ml.run import RunState
from ml.serve.who_found import find, open_identity
from ml.serve.who_match import explained, in_words
from ml.serve.who_person import (
    BlockedValue,
    Decision,
    Doubt,
    Merge,
    Move,
    Person,
    Refused,
    SharedValue,
    read_person,
)
from ml.serve.who_text import INDENT, columns, minute, one_line, section, the_first, wrapped
from ml.settings import Settings

# A person may have hundreds of records: so many of each kind are told.
RECORDS, HOLDERS, LINES, WEIGHED = 20, 5, 10, 3
WORDS = {
    "email": "e-mail",
    "birth_date": "birth date",
    "match": "a match",
    "decision": "a decision",
}


def describe_person(home: Home, whom: Sequence[str]) -> list[str]:
    """Lines for people about the customer that a record, or a customer id, stands for.

    Args:
        home: the home folder whose warehouse is asked.
        whom: source and key, or one word: SOURCE:KEY or a customer id.

    Raises:
        KithError: there is no warehouse to ask, or it does not know the record.
    """
    with open_identity(home) as (connection, day):
        asked = find(connection, whom, day)
        has_tables = RunState.built_for(home, "tables") == day
        person = read_person(connection, asked, day, has_tables)
    return list(page_of(person, home.settings))


def page_of(person: Person, settings: Settings) -> Iterator[str]:
    """The page about a person, in sections."""
    yield from _head(person)
    yield from section("Chosen values", list(_chosen(person)))
    yield from section("Records", list(_records(person)))
    yield from section("What joins them", list(_evidence(person)))
    blocked = [_blocked(value) for value in person.blocked]
    yield from section("What is no evidence", list(the_first(blocked, LINES, "values")))
    yield from section("How the matches were weighed", list(_weighed(person, settings)))
    yield from section("What people decided", list(_decisions(person)))
    yield from section("Kept apart from", list(_kept_apart(person, settings)))
    yield from section("Doubts within", list(_overruled(person)))
    yield from section("History", list(_history(person)))


def _head(person: Person) -> Iterator[str]:
    asked, records = person.asked, len(person.records)
    sources = len({record.label.split(":", 1)[0] for record in person.records})
    yield f"Customer {asked.customer_id} since {person.since}"
    yield from wrapped(
        f"As of {person.day}: {_count(records, 'record')} of {_count(sources, 'source')}. Asked for: {asked}."
    )
    former = sorted({merge.retired_id for merge in person.merges} - {asked.customer_id})
    if asked.own_id in former:
        yield from wrapped(f"{asked.own_id} is a former id of this customer.")
    if former:
        yield from wrapped(f"Former ids: {_some(former)}")


def _chosen(person: Person) -> Iterator[str]:
    for one in person.chosen:
        since = f", known {one.known_at:%Y-%m-%d}" if one.known_at else ""
        yield from wrapped(
            f"{_word(one.unit)}: {one.value}, from {one.record}{since} ({one.rule.replace('_', ' ')})",
            hang=2,
        )


def _records(person: Person) -> Iterator[str]:
    asked_first = sorted(person.records, key=lambda r: r.record_no != person.asked.record_no)
    rows = [("", "", "known since", "belongs since")]
    rows += [
        (
            one_line(record.label),
            one_line(record.name or "-"),
            minute(record.known_at),
            record.belongs_since.isoformat(),
        )
        for record in asked_first[:RECORDS]
    ]
    yield from columns(rows)
    if len(asked_first) > RECORDS:
        yield f"{INDENT}and {len(asked_first) - RECORDS:,} more records"


def _evidence(person: Person) -> Iterator[str]:
    said = [
        f"{d.left} and {d.right}: a person said that they are the same, since {d.valid_from}"
        for d in person.decisions
        if not d.is_different and d.valid_to is None and d.left_id == d.right_id
    ]
    yield from the_first(said, LINES, "decisions")
    yield from the_first([_shared(value) for value in person.values], LINES, "shared values")
    joining = [match for match in person.matches if match.joins]
    others = [match for match in person.matches if not match.joins]
    told = [f"{in_words(match)}; nothing stronger joins the two" for match in joining]
    told += [in_words(match) for match in others]
    yield from the_first(told, LINES, "matching pairs")
    if len(person.records) == 1:
        yield f"{INDENT}nothing: it stands alone"


def _shared(value: SharedValue) -> str:
    held = [f"{label} ({known_at:%Y-%m-%d})" for label, known_at in value.holders]
    since = value.holders[1][1].date() + timedelta(days=1)
    others = _count(value.held_elsewhere, "record")
    elsewhere = f"; also held by {others} of others" if value.held_elsewhere else ""
    return f"{_word(value.id_type)} {value.value}: {_some(held)}; joins since {since}{elsewhere}"


def _blocked(value: BlockedValue) -> str:
    return (
        f"{_word(value.id_type)} {value.value} of {_some(value.stated_by)}: {value.meaning}, since "
        f"{value.blocked_from}; {_count(value.holders_count, 'record')} in all"
    )


def _weighed(person: Person, settings: Settings) -> Iterator[str]:
    asked = str(person.asked)
    first = sorted(person.matches, key=lambda m: (not m.joins, asked not in (m.left, m.right)))
    for match in first[:WEIGHED]:
        yield from wrapped(f"{match.left} and {match.right}, known {minute(match.known_at)}")
        yield from explained(match)
    if person.matches:
        enough = f"{settings.match_weight:g} bit{'s' * (settings.match_weight != 1)}"
        yield from wrapped(
            "One bit doubles the odds for one person. Strangers are not the only other explanation: two of a household "
            "share names, addresses and contacts as well, and only what is a person's own (given name, birth date) "
            f"tells them apart. A pair is accepted from {enough} on (setting match_weight)."
        )


def _decisions(person: Person) -> Iterator[str]:
    yield from the_first([_decision(one) for one in person.decisions], LINES, "decisions")


def _decision(one: Decision) -> str:
    word = "different people" if one.is_different else "the same person"
    by = f" by {one.decided_by}" if one.decided_by else ""
    until = f" until {one.valid_to}, when another decision followed" if one.valid_to else ""
    return f"{one.left} and {one.right} are {word}: said{by} {minute(one.known_at)}, holds from {one.valid_from}{until}"


def _kept_apart(person: Person, settings: Settings) -> Iterator[str]:
    told = []
    for (other_id, why), group in groupby(person.refused, key=lambda one: (one.other_id, one.why)):
        told.append(f"{_refusal(list(group))}. {_because(person, other_id, why, settings)}")
    yield from the_first(told, LINES, "customers")


def _refusal(refused: list[Refused]) -> str:
    first = refused[0]
    other = first.other + (f" ({first.other_name})" if first.other_name else "")
    if first.reason == "match":
        link = f"{first.own} and {other} match by {first.match_weight:+.1f} bits"
    elif first.reason == "decision":
        link = f"a person said that {first.own} and {other} are the same"
    else:
        link = f"{first.own} and {other} share {_word(first.reason)} {first.shared}"
    more = f", and {_count(len(refused) - 1, 'more such link')}" if len(refused) > 1 else ""
    return f"{first.other_id} of {_count(first.other_records, 'record')}: {link}{more}"


def _because(person: Person, other_id: str, why: str, settings: Settings) -> str:
    sides = {person.asked.customer_id, other_id}
    if why == "different":
        for one in person.decisions:
            if one.is_different and one.valid_to is None and {one.left_id, one.right_id} == sides:
                return f"A person said on {one.known_at:%Y-%m-%d} that {one.left} and {one.right} differ"
        return "A person said that records of the two differ"
    if why == "size":
        most = settings.max_customer_records
        return f"Together they would be more than {most:,} records (setting max_customer_records)"
    for doubt in person.doubts:
        if {doubt.left_id, doubt.right_id} == sides:
            return f"Rather two of a household: {_doubt(doubt)}"
    return "Rather two of a household: what is a person's own differs"


def _doubt(doubt: Doubt) -> str:
    return f"{doubt.left} says {doubt.left_says}; {doubt.right} says {doubt.right_says} ({doubt.weight:+.1f} bits)"


def _overruled(person: Person) -> Iterator[str]:
    within = [doubt for doubt in person.doubts if doubt.left_id == doubt.right_id]
    yield from the_first([_doubt(doubt) for doubt in within], LINES, "doubts")


def _history(person: Person) -> Iterator[str]:
    yield from the_first([_merge(merge) for merge in person.merges], LINES, "merges")
    yield from the_first([_move(move) for move in person.moves], LINES, "moves")


def _merge(merge: Merge) -> str:
    return (
        f"{merge.merged_on}: {merge.retired_id} turned out to be {merge.surviving_id}, by "
        f"{_word(merge.reason)}"
    )


def _move(move: Move) -> str:
    days = f"from {move.valid_from} until {move.valid_to}"
    if move.came_here:
        return f"{move.record} belonged to {move.other_id} {days}"
    return f"{move.record} belonged here {days}; it is {move.other_id} now"


def _word(reason: str) -> str:
    return WORDS.get(reason, reason)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _some(items: Sequence[str]) -> str:
    more = f" and {len(items) - HOLDERS:,} more" if len(items) > HOLDERS else ""
    return ", ".join(items[:HOLDERS]) + more
