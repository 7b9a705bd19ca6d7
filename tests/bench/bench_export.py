"""How long one export takes, and how much memory: the gate, the moves and the files, for a list of many people.

python -m tests.bench.bench_export [PEOPLE] [DESTINATION]
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import date, timedelta

from ml.activate.channels import NEEDED_CONSENTS
from ml.activate.contact_limits import ContactLimit
from ml.activate.export.contents import export_of
from ml.activate.export.destinations import DESTINATIONS
from ml.activate.export.facts import Facts, Member, Person, Terms
from ml.activate.export.gate import judge
from ml.activate.export.moves import Standing, find_moves, keys_of
from ml.activate.export.reconciliation import in_words, reconcile
from ml.activate.export.suppression import Suppression

DAY = date(2024, 6, 1)
CONSENTS = ("profiling", "email", "sms", "push", "ad_user_data", "ad_personalization")


def facts_of(people: int) -> Facts:
    """People of whom nine in ten agreed; some held out, some met lately, some suppressed."""
    ids = [f"c{number:020d}" for number in range(people)]
    texts = (
        {
            "email": f"someone.{number}@mail.example", "phone": f"+4477{number:08d}", "given_name": "Zoë",
            "family_name": "Pérez", "city": "London", "postcode": "M1 1AE", "country": "GB",
        }
        for number in range(people)
    )  # fmt: skip
    return Facts(
        members=tuple(
            Member(who, "holdout" if number % 10 == 0 else "treatment")
            for number, who in enumerate(ids)
        ),
        people={
            who: Person(who, text, dict.fromkeys(CONSENTS, number % 11 > 0))
            for number, (who, text) in enumerate(zip(ids, texts, strict=True))
        },
        suppression=Suppression(
            emails=frozenset(f"someone.{number}@mail.example" for number in range(0, people, 50)),
            digests=frozenset(f"{number:064x}" for number in range(1_000)),
        ),
        contacts={
            who: frozenset({("email", DAY - timedelta(days=number % 9))})
            for number, who in enumerate(ids[::3])
        },
        values=dict.fromkeys(ids, 1.5),
    )


def main() -> None:
    """Print seconds and memory."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    destination = DESTINATIONS[sys.argv[2] if len(sys.argv) > 2 else "meta"]
    channel = destination.channel_for("email")
    facts = facts_of(people)
    terms = Terms(
        "bench", DAY, channel, NEEDED_CONSENTS[channel], caps=(ContactLimit("any", 7, 1),)
    )
    started = time.perf_counter()
    judged = judge(facts, terms, destination)
    gate = time.perf_counter() - started
    passed = [one for one in judged.verdicts if one.reason is None]
    standing = [Standing(v.customer_id, keys_of(v.row, destination)) for v in passed[::2]]
    moves = find_moves(judged, standing, [], destination, {}, lambda who: None)
    account = reconcile(
        judged, moves, terms, destination=destination.key, version="v", export_no=1, is_planned=False
    )  # fmt: skip
    files = export_of(account, judged, moves, terms, destination).files
    whole = time.perf_counter() - started
    print(*in_words(account), sep="\n")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    size = sum(map(len, files.values())) / 1e6
    print(
        f"{people:,} people: gate {gate:.1f} s, all {whole:.1f} s, {size:.0f} MB, peak {memory:.1f} GB"
    )


if __name__ == "__main__":
    main()
