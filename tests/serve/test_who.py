"""`kith who SOURCE KEY` on hand-written warehouses: every fact about a person is told, briefly, and nobody else's."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ml.data.warehouse import connect
from ml.errors import KithError
from ml.home import Home
from ml.serve.who import describe_person
from ml.serve.who_match import _joining, percent, waterfall
from ml.serve.who_text import WIDTH, width_of
from tests.conftest import database_in_use
from tests.serve.who_worlds import DAY, Warehouse


def sections(lines: list[str]) -> dict[str, str]:
    """The text of each section by its heading, with line breaks and indents as one blank."""
    found: dict[str, list[str]] = {"": []}
    heading = ""
    for before, line in zip(["-", *lines], lines, strict=False):
        if before == "":
            heading = line
            found[heading] = []
        elif line:
            found[heading].append(line)
    return {name: " ".join(" ".join(text).split()) for name, text in found.items()}


def told(warehouse: Warehouse, root: Path, *whom: str, **other: tuple[str, ...]) -> dict[str, str]:
    return sections(describe_person(warehouse.build(root, **other), whom))


def ann() -> Warehouse:
    """A person of three records, and two strangers."""
    warehouse = Warehouse().people(["web:1", "crm:k:2", "shop:3"], ["web:4"], ["web:5", "crm:6"])
    warehouse.add(
        "stg_profiles",
        {"source": "web", "source_key": "1", "known_at": "2024-01-01", "name": "Ann Li"},
        {"source": "web", "source_key": "1", "known_at": "2024-01-05", "name": "Ann Lee"},
        {"source": "web", "source_key": "1", "known_at": "2024-01-09", "name": None},
        {"source": "shop", "source_key": "3", "known_at": "2024-01-09", "given_name": "Ánna", "family_name": "Lee"},
        {"source": "web", "source_key": "4", "known_at": "2024-01-09", "name": "Bob Lee"},
    )  # fmt: skip
    return warehouse


def test_who_it_is_and_all_records(tmp_path: Path) -> None:
    page = told(ann(), tmp_path, "crm", "k:2")
    assert page[""] == (
        "Customer c00000000000000000000 since 2024-02-01 "
        "As of 2024-06-01: 3 records of 3 sources. Asked for: crm:k:2."
    )
    assert page["Records"] == (
        "known since belongs since crm:k:2 - 2024-01-02 09:00 2024-02-01 "
        "web:1 Ann Lee 2024-01-01 09:00 2024-02-01 shop:3 Ánna Lee 2024-01-03 09:00 2024-02-01"
    )
    assert set(page) == {"", "Records"}


def test_a_record_is_named_in_three_ways_and_blanks_around_it_do_not_count(tmp_path: Path) -> None:
    home = ann().build(tmp_path)
    pages = [
        describe_person(home, whom)
        for whom in (("crm", "k:2"), ("crm:k:2",), (" crm ", " k:2"), ("c00000000000000000001",))
    ]
    assert pages[0][0].startswith("Customer c00000000000000000000 ")
    assert all(page == pages[0] for page in pages)


def test_a_record_that_stands_alone(tmp_path: Path) -> None:
    page = told(ann(), tmp_path, "web", "4")
    assert page["What joins them"] == "nothing: it stands alone"
    assert set(page) == {"", "Records", "What joins them"}


def test_shared_values_with_their_holders(tmp_path: Path) -> None:
    warehouse = ann().shared("email", "ann@lee.example", 0, 1, 3)
    warehouse.shared("device", "d-1", 1, 2, crossed_at="2024-04-09 12:00")
    warehouse.shared("card", "of-others", 4, 5).shared("card", "of-one", 0, 4)
    page = told(warehouse, tmp_path, "web:1")
    assert page["What joins them"] == (
        "e-mail ann@lee.example: web:1 (2024-03-01), crm:k:2 (2024-03-02); joins since 2024-03-03; "
        "also held by 1 record of others"
    )


def test_values_that_are_no_evidence(tmp_path: Path) -> None:
    value = {"id_type": "phone", "id_value": "+4412"}
    birth = {"id_type": "birth_date", "id_value": "1900-01-01"}
    warehouse = ann().add("stated_values", *({**value, "record_no": one} for one in (2, 0, 3)))
    warehouse.add("traits", {"record_no": 0, "trait": "birth_date", "stated": "1900-01-01"})
    warehouse.add("traits", {"record_no": 0, "trait": "name", "stated": "al"})
    warehouse.add(
        "blocked_values",
        {**value, "meaning": "too many", "blocked_from": "2024-04-10", "holders_count": 12},
        {**birth, "meaning": "a default", "blocked_from": "2024-01-02", "holders_count": 1},
        {"id_type": "email", "id_value": "of@others", "blocked_from": "2024-01-02"},
    )
    page = told(warehouse, tmp_path, "web:1")
    assert page["What is no evidence"] == (
        "birth date 1900-01-01 of web:1: a default, since 2024-01-02; 1 record in all "
        "phone +4412 of web:1, shop:3: too many, since 2024-04-10; 12 records in all"
    )


def test_a_holder_who_was_erased_is_not_counted(tmp_path: Path) -> None:
    warehouse = ann().shared("email", "ann@lee.example", 0, 1)
    warehouse.add("holders", {"id_type": "email", "id_value": "ann@lee.example", "holder_rank": 3})
    assert "also" not in told(warehouse, tmp_path, "web:1")["What joins them"]


def test_a_match_is_explained_from_prior_to_sum(tmp_path: Path) -> None:
    home = ann().shared("email", "ann@lee.example", 0, 1).match(1, 2).match(0, 1).build(tmp_path)
    lines = describe_person(home, ["web:1"])
    page = sections(lines)
    joins = page["What joins them"]
    assert (
        "crm:k:2 and shop:3 match since 2024-03-06: +7.5 bits, 99.45 % for one person; nothing stronger joins the two"
        in joins
    )
    assert joins.endswith(
        "web:1 and crm:k:2 match since 2024-03-06: +7.5 bits, 99.45 % for one person"
    )
    start = lines.index("  crm:k:2 and shop:3, known 2024-03-05 10:00")
    steps = [
        re.sub(r" +", " ", line).strip(" +-|") for line in lines[start + 2 : start + 9]
    ]  # bars aside
    assert steps == [
        "before anything is compared -12.0 -12.0",
        "name: same full name +11.2 -0.8",
        "both say ann lee",
        "e-mail: one slip +9.2 +8.5",
        "ann1@lee.example | ann2@lee.example",
        "they could be two of one household -1.0 +7.5",
        "not compared, unknown: phone",
    ]
    # Strangers and households are equally likely here, so each alone would leave one bit more.
    assert lines[start + 9].strip() == (
        "against strangers alone +8.5 bits, against two of a household alone +8.5"
    )
    assert "A pair is accepted from 1 bit on" in page["How the matches were weighed"]


def test_a_household_that_changes_little_is_not_made_much_of(tmp_path: Path) -> None:
    page = told(ann().match(1, 2, weight=8.2), tmp_path, "web:1")["How the matches were weighed"]
    assert "two of one household -0.3 +8.2" in page
    assert "against strangers alone" not in page


def test_the_older_state_may_be_that_of_the_younger_record(tmp_path: Path) -> None:
    warehouse = ann().match(1, 2, left_state_no=2, right_state_no=1)
    page = told(warehouse, tmp_path, "web:1")
    assert "ann1@lee.example | ann2@lee.example" in page["How the matches were weighed"]


def decided(left: int, right: int, is_different: bool, **other: object) -> dict[str, object]:
    return {
        "left_record_no": left,
        "right_record_no": right,
        "is_different": is_different,
        "known_at": "2024-05-01 10:00",
        "valid_from": "2024-05-02",
        **other,
    }


def test_what_people_decided_and_by_whom(tmp_path: Path) -> None:
    warehouse = ann().add(
        "decisions",
        decided(0, 2, False),
        decided(1, 3, True, known_at="2024-04-01 10:00", valid_from="2024-04-02", valid_to="2024-05-02"),
        decided(4, 5, False),
    )  # fmt: skip
    for by in ("desk", "ann"):
        warehouse.add(
            "stg_links",
            {
                "left_source": "shop",
                "left_key": "3",
                "right_source": "web",
                "right_key": "1",
                "decision": "same",
                "known_at": "2024-05-01 10:00",
                "decided_by": by,
            },
        )
    page = told(warehouse, tmp_path, "web:1")
    assert page["What joins them"] == (
        "web:1 and shop:3: a person said that they are the same, since 2024-05-02"
    )
    assert page["What people decided"] == (
        "crm:k:2 and web:4 are different people: said 2024-04-01 10:00, holds from 2024-04-02 until 2024-05-02, when "
        "another decision followed "
        "web:1 and shop:3 are the same person: said by ann, desk 2024-05-01 10:00, holds from 2024-05-02"
    )


def refused(left: int, right: int, why: str, reason: str = "email") -> dict[str, object]:
    return {"left_record_no": left, "right_record_no": right, "why": why, "reason": reason}


def test_what_was_kept_apart_and_why(tmp_path: Path) -> None:
    warehouse = ann().people(["web:7"]).shared("email", "family@lee.example", 0, 3, 4)
    warehouse.match(2, 6)
    warehouse.add(
        "refused_edges",
        refused(0, 3, "household"),
        refused(1, 3, "household", "phone"),
        refused(0, 4, "different"),
        refused(2, 6, "size", "match"),
        refused(3, 4, "household"),
    )
    warehouse.add("decisions", decided(1, 5, True))
    for record_no, given_name in ((1, "ann"), (3, "bob")):
        state = {
            "state_no": 90 + record_no,
            "record_no": record_no,
            "given": given_name,
            "birth_date": "1980-01-02",
        }
        warehouse.add("profile_states", state)  # fmt: skip
    warehouse.add("doubts", {"left_record_no": 1, "right_record_no": 3, "weight": -7.25})
    page = told(warehouse, tmp_path, "web:1")
    assert page["Kept apart from"] == (
        "c00000000000000000003 of 1 record: web:1 and web:4 (Bob Lee) share e-mail family@lee.example, and 1 more such "
        "link. Rather two of a household: crm:k:2 says ann, 1980-01-02; web:4 says bob, 1980-01-02 (-7.2 bits) "
        "c00000000000000000004 of 2 records: web:1 and web:5 share e-mail family@lee.example. A person said on "
        "2024-05-01 that crm:k:2 and crm:6 differ "
        "c00000000000000000006 of 1 record: shop:3 and web:7 match by +7.5 bits. Together they would be more than "
        "100 records (setting max_customer_records)"
    )
    assert "Doubts within" not in page


def test_a_decision_that_another_one_overruled(tmp_path: Path) -> None:
    warehouse = ann().add("refused_edges", refused(0, 3, "different", "decision"))
    warehouse.add("decisions", decided(1, 3, True))
    assert told(warehouse, tmp_path, "web:1")["Kept apart from"] == (
        "c00000000000000000003 of 1 record: a person said that web:1 and web:4 (Bob Lee) are the same. A person said "
        "on 2024-05-01 that crm:k:2 and web:4 differ"
    )


def test_a_doubt_that_people_overruled(tmp_path: Path) -> None:
    warehouse = ann().add("doubts", {"left_record_no": 0, "right_record_no": 2, "weight": -3.0})
    warehouse.add(
        "doubts",
        {"left_record_no": 0, "right_record_no": 1, "weight": -9.0, "valid_to": "2024-03-01"},
    )
    page = told(warehouse, tmp_path, "web:1")
    assert page["Doubts within"] == "web:1 says nothing; shop:3 says nothing (-3.0 bits)"


def test_merges_former_ids_and_records_that_moved(tmp_path: Path) -> None:
    warehouse = ann().add(
        "merges",
        {"retired_record_no": 1, "surviving_record_no": 0, "merged_on": "2024-02-01", "reason": "email"},
        {"retired_record_no": 5, "surviving_record_no": 4, "merged_on": "2024-02-01", "reason": "email"},
    )  # fmt: skip
    warehouse.add(
        "record_customers",
        {"record_no": 2, "head_record_no": 4, "valid_from": "2024-01-05", "valid_to": "2024-02-01"},
        {"record_no": 3, "head_record_no": 0, "valid_from": "2024-01-06", "valid_to": "2024-02-01"},
        {"record_no": 1, "head_record_no": 1, "valid_from": "2024-01-07", "valid_to": "2024-02-01"},
    )
    page = told(warehouse, tmp_path, "c00000000000000000001")
    assert page[""].endswith(
        "Asked for: crm:k:2. c00000000000000000001 is a former id of this customer. "
        "Former ids: c00000000000000000001"
    )
    assert page["History"] == (
        "2024-02-01: c00000000000000000001 turned out to be c00000000000000000000, by e-mail "
        "shop:3 belonged to c00000000000000000004 from 2024-01-05 until 2024-02-01 "
        "web:4 belonged here from 2024-01-06 until 2024-02-01; it is c00000000000000000003 now"
    )


def test_chosen_values_when_they_are_of_this_day(tmp_path: Path) -> None:
    warehouse = ann()
    for customer, value in ((0, "Ann Lee"), (3, "Bob Lee")):
        warehouse.add(
            "golden_choices",
            {
                "customer_no": customer,
                "unit": "name",
                "value": value,
                "source": "web",
                "source_key": "1",
                "known_at": "2024-01-05",
                "rule": "most_frequent",
            },
        )
    page = told(warehouse, tmp_path / "tables", "web:1", done=("identity", "tables"))
    assert page["Chosen values"] == "name: Ann Lee, from web:1, known 2024-01-05 (most frequent)"
    assert "Chosen values" not in told(warehouse, tmp_path / "older", "web:1")


def test_hundreds_of_records_do_not_flood(tmp_path: Path) -> None:
    count = 300
    warehouse = Warehouse().people([f"web:{number}" for number in range(count)])
    merge = {"surviving_record_no": 0, "merged_on": "2024-02-01", "reason": "email"}
    for number in range(40):
        warehouse.shared("device", f"device-{number}", *range(0, count, 10))
        warehouse.match(number, number + 1)
        warehouse.add("merges", {"retired_record_no": number + 1, **merge})
    lines = describe_person(warehouse.build(tmp_path), ["web:299"])
    assert len(lines) < 130
    assert max(map(len, lines)) <= WIDTH
    for more in (
        "280 more records",
        "30 more shared values",
        "30 more matching pairs",
        "30 more merges",
    ):
        assert f"  and {more}" in lines
    assert "and 25 more; joins since" in " ".join(" ".join(lines).split())
    # Whoever was asked for is shown, however young.
    assert lines[lines.index("Records") + 2].startswith("  web:299 ")


def test_names_of_every_script_stand_in_columns_and_control_no_terminal(tmp_path: Path) -> None:
    warehouse = ann().add(
        "stg_profiles",
        {
            "source": "crm",
            "source_key": "k:2",
            "known_at": "2024-01-09",
            "name": "李\x1b[2J\n安\t娜",
        },
    )
    lines = describe_person(warehouse.build(tmp_path), ["web:1"])
    assert all(line.isprintable() for line in lines)
    rows = [line for line in lines if line.startswith(("  web:1 ", "  crm:k:2 ", "  shop:3 "))]
    assert len(rows) == 3
    assert len({width_of(row[: row.index("2024-01-0")]) for row in rows}) == 1


def stop(home: Home, *whom: str) -> str:
    with pytest.raises(KithError) as stopped:
        describe_person(home, whom)
    assert "\n" not in str(stopped.value)
    return str(stopped.value)


def test_an_unknown_record_is_answered_by_how_keys_look_and_never_by_a_key(tmp_path: Path) -> None:
    people = [["web:AB-12"], ["web:CD-34"], ["web:ann@lee.example"], ["crm:7"]]
    home = Warehouse().people(*people).build(tmp_path)
    message = stop(home, "web", "12")
    assert "No record of the source web that was known before 2024-06-01 has this key." in message
    assert "aa-99 or aaa@aaa.aaaaaaa there" in message
    assert "ann@" not in message
    message = stop(home, "wbe", "AB-12")
    assert "There are records of: web, crm." in message
    assert "No customer of 2024-06-01 has, or had, this id" in stop(home, "c123")
    assert "no source" in stop(Warehouse().build(tmp_path / "empty"), "web", "1")


def test_no_warehouse_none_of_its_day_a_broken_and_an_older_one(tmp_path: Path) -> None:
    assert "holds no warehouse yet" in stop(Home(tmp_path / "nowhere"), "web", "1")
    assert not (tmp_path / "nowhere").exists()
    home = ann().build(tmp_path / "begun", done=("landing",))
    assert "does not know yet who is who" in stop(home, "web", "1")
    home = ann().build(tmp_path / "older")
    with connect(home) as connection:
        connection.execute("drop schema matched cascade")
    assert "was built by another version of Kith" in stop(home, "web", "1")
    home.database.write_bytes(b"no database" * 1000)
    assert "cannot be read; a crash may have left it so" in stop(home, "web", "1")


def test_a_warehouse_that_a_run_works_on(tmp_path: Path) -> None:
    home = ann().build(tmp_path)
    with database_in_use(home.database):
        assert "The warehouse is in use by another program" in stop(home, "web", "1")
    assert describe_person(home, ["web", "1"])


def test_asking_changes_nothing(tmp_path: Path) -> None:
    home = ann().match(1, 2).build(tmp_path)
    before = home.database.read_bytes(), home.run_state.read_bytes(), sorted(tmp_path.rglob("*"))
    describe_person(home, ["web:1"])
    after = home.database.read_bytes(), home.run_state.read_bytes(), sorted(tmp_path.rglob("*"))
    assert after == before


@given(st.lists(st.floats(-40, 40), min_size=1, max_size=8))
@example([2.2250738585072014e-308])
def test_the_bars_of_a_waterfall_go_from_sum_to_sum(steps: list[float]) -> None:
    width = 36
    bars = waterfall(steps, width)
    assert len(bars) == len(steps)
    sums = [sum(steps[:count]) for count in range(len(steps) + 1)]
    low, high = min(sums), max(sums)
    for bar, step, before, after in zip(bars, steps, sums[:-1], sums[1:], strict=True):
        assert len(bar) <= width
        drawn = [place for place, mark in enumerate(bar) if mark in "+-"]
        assert {bar[place] for place in drawn} <= {"+" if step > 0 else "-"}
        share = abs(after - before) / (high - low) * (width - 1) if high > low else 0
        assert len(drawn) == pytest.approx(share, abs=1.01)
        if drawn:
            assert drawn == list(range(drawn[0], drawn[-1] + 1))
            place = (min(before, after) - low) / (high - low) * (width - 1)
            assert drawn[0] == pytest.approx(place, abs=0.51)


@given(st.data())
def test_only_matches_without_which_the_person_would_fall_apart_join(data: st.DataObject) -> None:
    pairs = list(combinations(range(6), 2))
    strong = data.draw(st.lists(st.sampled_from(pairs), max_size=4))
    weak = data.draw(st.lists(st.sampled_from(pairs), max_size=8, unique=True))
    edges = [(*pair, "email") for pair in strong] + [(*pair, "match") for pair in weak]
    joining = list(_joining(edges))
    graph = nx.Graph(strong)
    graph.add_nodes_from(range(6))
    parts = nx.number_connected_components(graph)
    graph.add_edges_from(joining)
    assert nx.number_connected_components(graph) == parts - len(joining)
    whole = nx.compose(graph, nx.Graph(weak))
    assert nx.number_connected_components(whole) == nx.number_connected_components(graph)


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.5, "50.00 %"),
        (0.98756, "98.76 %"),
        (0.99989, "99.99 %"),
        (0.99999, "over 99.99 %"),
        (1.0, "over 99.99 %"),
        (0.00001, "under 0.01 %"),
    ],
)
def test_a_probability_is_never_certain(probability: float, words: str) -> None:
    assert percent(probability) == words


def test_the_day_of_the_page_is_that_of_the_warehouse(tmp_path: Path) -> None:
    assert f"As of {DAY}" in told(ann(), tmp_path, "web:4")[""]
