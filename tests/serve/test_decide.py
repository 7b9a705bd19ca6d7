"""`kith who --same` and `--different`: what is written, from when it counts, and what is said about it."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from ml.data.landing_writer import write_landing_file
from ml.errors import KithError
from ml.home import Home
from ml.serve.decide import decide
from tests.conftest import build_world, write_csv
from tests.serve.who_worlds import Warehouse

ORDERS = [{"source": "web", "order_id": 1, "occurred_at": "2024-05-01", "amount": 10}]


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    write_csv(tmp_path / "in", "orders", ORDERS)
    return tmp_path / "in"


def people() -> Warehouse:
    return Warehouse().people(["web:1", "crm:k:2"], ["web:3"])


def written(landing: Path) -> list[dict[str, str]]:
    path = landing / "links" / "decisions-by-hand.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def said(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


def test_a_decision_names_the_records_and_counts_from_the_next_day(
    landing: Path, tmp_path: Path
) -> None:
    home = Home(people().build(tmp_path / "my home").root)
    (home.root / "kith.toml").write_text('timezone = "Asia/Tokyo"\n')
    lines = decide(home, landing, ("crm:k:2", "web:3"), "same", " Ann ")
    assert said(lines) == (
        "Decided: crm:k:2 and web:3 are the same person. "
        "As of 2024-06-01 they are two customers, c00000000000000000000 and c00000000000000000002. "
        f"Written to {landing}/links/decisions-by-hand.csv as known at 00:00 of 2024-06-01: what is published for that "
        "day stays, and the decision counts from 2024-06-02 on: "
        f"kith run --landing {landing} --home '{home.root}' --as-of-date 2024-06-02"
    )
    # What is to be typed stands in one line.
    assert lines[-1].startswith("  kith run ")
    assert lines[-1].endswith(" --as-of-date 2024-06-02")
    assert written(landing) == [
        {
            "left_source": "crm",
            "left_key": "k:2",
            "right_source": "web",
            "right_key": "3",
            "decision": "same",
            "known_at": "2024-06-01 00:00:00+09:00",
            "decided_by": "Ann",
        }
    ]


def test_a_customer_id_stands_for_its_earliest_record(landing: Path, tmp_path: Path) -> None:
    home = people().build(tmp_path / "home")
    lines = decide(home, landing, ("c00000000000000000002", "c00000000000000000001"), "same", "Ann")
    assert lines[0] == "Decided: web:3 and crm:k:2 are the same person."


@pytest.mark.parametrize(
    ("pair", "decision", "so"),
    [
        (("web:1", "crm:k:2"), "same", "they are one customer, c00000000000000000000 already"),
        (("web:1", "crm:k:2"), "different", "they are one customer, c00000000000000000000. "),
        (("web:1", "web:3"), "different", "and c00000000000000000002 already; the decision keeps"),
        (("web:1", "web:3"), "same", "and c00000000000000000002. "),
    ],
)
def test_what_is_so_already_is_said_and_written(
    pair: tuple[str, str], decision: str, so: str, landing: Path, tmp_path: Path
) -> None:
    lines = decide(people().build(tmp_path / "home"), landing, pair, decision, "Ann")
    assert so in said(lines)
    assert [row["decision"] for row in written(landing)] == [decision]


def test_a_change_of_mind_on_the_same_day(landing: Path, tmp_path: Path) -> None:
    home = people().build(tmp_path / "home")
    decide(home, landing, ("web:1", "web:3"), "different", "Ann")
    lines = decide(home, landing, ("web:3", "web:1"), "same", "Ann")
    assert "This takes the place of the opposite decision ('different')" in said(lines)
    lines = decide(home, landing, ("web:3", "web:1"), "same", "Bob")
    assert "The same was decided before, as of the same day" in said(lines)
    assert [(row["decision"], row["decided_by"]) for row in written(landing)] == [("same", "Bob")]


def other_word(decision: str, known_at: str, **other: str) -> dict[str, str]:
    return {
        "file": "links/desk.csv",
        "left_source": "web",
        "left_key": "3",
        "right_source": "web",
        "right_key": "1",
        "decision": decision,
        "known_at": known_at,
        "refusals": "",
        **other,
    }


@pytest.mark.parametrize(
    ("word", "wins"),
    [
        (other_word("different", "2024-06-01 00:00"), True),
        (other_word("different", "2024-06-01 15:00"), True),
        (other_word("different", "2024-05-31 15:00"), False),
        (other_word("same", "2024-06-01 15:00"), False),
        (other_word("different", "2024-06-01 15:00", right_key="2"), False),
        (other_word("different", "2024-06-01 15:00", refusals="decision=missing"), False),
        (other_word("different", "2024-06-01 15:00", file="links/decisions-by-hand.csv"), False),
    ],
)
def test_a_word_in_another_file_that_wins_is_told(
    word: dict[str, str], wins: bool, landing: Path, tmp_path: Path
) -> None:
    home = people().add("base_links", word).build(tmp_path / "home")
    lines = said(decide(home, landing, ("web:1", "web:3"), "same", "Ann"))
    assert ("But links/desk.csv says 'different' of the two" in lines) == wins
    assert ("To have the last word, decide again" in lines) == wins


def test_of_one_instant_different_wins_by_itself(landing: Path, tmp_path: Path) -> None:
    home = people().add("base_links", other_word("same", "2024-06-01 00:00")).build(tmp_path / "h")
    lines = said(decide(home, landing, ("web:1", "web:3"), "different", "Ann"))
    assert "But" not in lines


def test_a_later_word_of_the_own_file_is_told(landing: Path, tmp_path: Path) -> None:
    home = people().build(tmp_path / "home")
    later = other_word("different", "2024-06-05 00:00:00+00:00")
    columns = {name: [later[name]] for name in later if name not in ("file", "refusals")}
    write_landing_file(landing, "links", "decisions-by-hand.csv", columns)
    lines = said(decide(home, landing, ("web:1", "web:3"), "same", "Ann"))
    assert "But links/decisions-by-hand.csv says 'different' of the two" in lines
    assert len(written(landing)) == 2


def stop(home: Home, landing: Path, pair: tuple[str, str], by: str = "Ann") -> str:
    with pytest.raises(KithError) as stopped:
        decide(home, landing, pair, "same", by)
    assert not (landing / "links").exists()
    return str(stopped.value)


def test_what_cannot_be_decided(landing: Path, tmp_path: Path) -> None:
    home = people().build(tmp_path / "home")
    assert "one and the same record" in stop(home, landing, ("web:1", "web:1"))
    assert "one and the same record" in stop(home, landing, ("web:1", "c00000000000000000000"))
    assert "No record of the source web" in stop(home, landing, ("web:1", "web:99"))
    assert "it names no record" in stop(home, landing, ("web:1", "c99"))
    assert "--by was empty" in stop(home, landing, ("web:1", "web:3"), " ")
    assert "holds no warehouse yet" in stop(Home(tmp_path / "new"), landing, ("web:1", "web:3"))
    assert "is not a folder" in stop(home, tmp_path / "nowhere", ("web:1", "web:3"))


DAY = date(2024, 6, 1)
ZONES = 'timezone = "Asia/Tokyo"\n[source.web]\ntimezone = "America/New_York"\n'


def test_from_the_next_day_on_the_records_are_one_person_or_two(tmp_path: Path) -> None:
    """The web writes New York time without saying so; a decision is known at the brand's midnight all the same."""
    landing, home = tmp_path / "in", tmp_path / "home"
    known = {"known_at": "2024-05-01 10:00"}
    write_csv(landing, "orders", ORDERS)
    write_csv(
        landing,
        "profiles",
        [
            {"source": "web", "source_key": "a", "email": "family@lee.example", **known},
            {"source": "crm", "source_key": "b", "email": "family@lee.example", **known},
            {"source": "web", "source_key": "c", "email": "one@lee.example", **known},
            {"source": "crm", "source_key": "d", "email": "other@lee.example", **known},
        ],
    )
    built = build_world(landing, home, DAY, ("landing", "identity"), ZONES)
    for pair, decision in ((("web:a", "crm:b"), "different"), (("web:c", "crm:d"), "same")):
        decide(built.run.home, landing, pair, decision, "Ann")
    built = build_world(landing, home, DAY + timedelta(days=1), ("landing", "identity"))
    assert set(built.rows("select known_at from identity.int_identity__decisions")) == {
        (datetime(2024, 6, 1),)
    }
    groups = """
        select list(source_key order by source_key)
        from resolved.record_customers
        inner join identity.int_identity__records using (record_no)
        where valid_from <= ? and (valid_to is null or ? < valid_to)
        group by head_record_no
        order by 1
    """
    assert built.rows(groups, [DAY, DAY]) == [(["a", "b"],), (["c"],), (["d"],)]
    next_day = DAY + timedelta(days=1)
    assert built.rows(groups, [next_day, next_day]) == [(["a"],), (["b"],), (["c", "d"],)]
