"""Which level a pair of states comes to, and what that is worth."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import duckdb
import pytest

from ml.matching.comparisons import COMPARISONS, LEVELS
from ml.matching.name_forms import name_form
from ml.matching.parameters import usual_parameters
from ml.matching.scores import name_bits
from tests.matching.brands import holding, score, state

NAMES = {
    "same full name": [
        ("Ann Lee", "Lee Ann"),
        ("徐美华", "Meihua Xu"),
        ("Nguyễn Thị Lan", "Lan Nguyen Thi"),
    ],
    "same family, given alike": [
        (("Bill", "Lee"), ("William", "Lee")),
        (("Catherine", "Lee"), ("Catherin", "Lee")),
    ],
    "same family, same initial": [(("Ann", "Lee"), "A. LEE"), ("LEE A.", "Ann Lee")],
    "family alike, given agrees": [(("Ann", "Blackworth"), ("Ann", "Blackwroth"))],
    "alike when swapped": [
        (("Megan", "Cranstone"), "Cransone Meg"),
        (("Blackworth", "Ann"), ("Anne", "Blackworth")),
    ],
    "one is part of the other": [("Khanh Huong", "Ngo Khanh Huong")],
    "family is the only name": [("Ann Lee", "Lee")],
    "same family, other initial": [(("Ann", "Lee"), "B. LEE")],
    "same family, other given": [(("Robert", "Lee"), ("Susan", "Lee"))],
    "given is the only name, same": [("Susan Lee", "Susan")],
    "same given, other family": [(("Susan", "Lee"), ("Susan", "Parker"))],
    "given is the only name, alike": [("Bill Parker", "William")],
    "only name differs": [("Ann Lee", "Robert")],
    "differ": [(("Robert", "Lee"), ("Susan", "Parker"))],
    "unknown": [("Ann Lee", "?")],
}
Case = tuple[str, str, dict[str, Any], dict[str, Any]]
OTHERS: dict[str, list[tuple[str, Any, Any]]] = {
    "birth": [
        ("same", date(1990, 3, 7), date(1990, 3, 7)),
        ("day and month swapped", date(1990, 3, 7), date(1990, 7, 3)),
        ("one slip", date(1990, 3, 17), date(1990, 3, 7)),
        ("same year", date(1990, 3, 17), date(1990, 11, 2)),
        ("same day of another year", date(1990, 3, 17), date(1975, 3, 17)),
        ("differ", date(1990, 1, 1), date(1975, 1, 1)),
        ("unknown", date(1990, 1, 1), None),
    ],
    "email": [
        ("same", "ann77@a.org", "ann77@a.org"),
        ("one slip", "annlee77@a.org", "anlnee77@a.org"),
        ("two slips", "annelore77@a.org", "anelorre77@a.org"),
        ("same mailbox at another host", "ann1977@a.org", "ann1977@b.org"),
        # People of one name have addresses that differ by the digits or the host.
        ("differ", "ann.lee@a.org", "ann.lee@b.org"),
        ("differ", "ann.lee77@a.org", "ann.lee78@a.org"),
        ("unknown", "ann.lee77@a.org", None),
    ],
    "phone": [
        ("same", "+441711234567", "+441711234567"),
        ("one slip", "+441711234567", "+441711234576"),
        ("differ", "+441711234567", "+441719876543"),
        ("unknown", None, None),
    ],
}
ADDRESSES = [
    (
        "same street and postcode",
        ("12 high street", "leeds", "ls12ab"),
        ("12 high st", "leeds", "ls12ab"),
    ),
    ("same postcode", ("12 high street", "leeds", "ls12ab"), ("7 mill lane", "leeds", "ls12ab")),
    ("postcode with one slip", ("12 high street", "leeds", "ls12ab"), (None, "leeds", "ls12ba")),
    (
        "same city and street alike",
        ("12 high street", "leeds", "ls12ab"),
        ("12 high street", "leeds", None),
    ),
    ("same city", ("12 high street", "leeds", None), ("7 mill lane", "leeds", None)),
    ("cities alike", (None, "birmingham", None), (None, "birmingam", None)),
    ("elsewhere", (None, "leeds", "ls12ab"), (None, "york", "yo15cd")),
    ("unknown", (None, "leeds", None), (None, None, "yo15cd")),
]


def named(stated: str | tuple[str, str]) -> dict[str, Any]:
    form = name_form(stated, None, None) if isinstance(stated, str) else name_form(None, *stated)
    return {
        "given": form.given,
        "family": form.family,
        "full_name": form.full,
        "variants": form.variants if form.given else None,
        "other_variants": form.other_variants if form.given else None,
    }


def cases() -> list[Case]:
    """Every case as comparison, label, and what the two states say."""
    columns = ("street", "city", "postcode")
    found: list[Case] = [
        ("name", label, named(left), named(right))
        for label, pairs in NAMES.items()
        for left, right in pairs
    ]
    for comparison, tried in OTHERS.items():
        column = {"birth": "birth_date"}.get(comparison, comparison)
        found += [
            (comparison, label, {column: left}, {column: right}) for label, left, right in tried
        ]
    for label, *sides in ADDRESSES:
        left, right = (dict(zip(columns, said, strict=True)) for said in sides)
        found.append(("address", label, left, right))
    return found


@pytest.fixture(scope="module")
def levels() -> list[dict[str, int]]:
    """The levels that Splink finds for every case, in both orders, from one scoring of all of them."""
    states, pairs = [], []
    for _, _, left, right in cases():
        for said in ((left, right), (right, left)):
            pairs.append((len(states), len(states) + 1))
            states += [state(len(states) + n, **one) for n, one in enumerate(said)]
    with holding(states, pairs) as connection:
        score(connection)
        found = ", ".join(f"{name}_level" for name in COMPARISONS)
        rows = connection.execute(f"select {found} from scored order by left_state_no").fetchall()
    return [dict(zip(COMPARISONS, row, strict=True)) for row in rows]


@pytest.mark.parametrize(
    ("number", "comparison", "label"),
    [(number, case[0], case[1]) for number, case in enumerate(cases())],
)
def test_a_pair_comes_to_its_level_in_either_order(
    levels: list[dict[str, int]], number: int, comparison: str, label: str
) -> None:
    labels = [level.label for level in LEVELS[comparison]]
    # Splink numbers levels from the last, which is 0; -1 is the unknown one, which stands first here.
    expected = -1 if label == "unknown" else len(labels) - 1 - labels.index(label)
    assert [pair[comparison] for pair in levels[2 * number : 2 * number + 2]] == [
        expected,
        expected,
    ]


def test_every_level_is_tried() -> None:
    tried = {"name": set(NAMES), "address": {label for label, *_ in ADDRESSES}}
    tried |= {comparison: {label for label, *_ in cases} for comparison, cases in OTHERS.items()}
    assert tried == {name: {level.label for level in LEVELS[name]} for name in COMPARISONS}


def test_general_experience_ranks_agreement_above_disagreement() -> None:
    usual = usual_parameters()
    for name in COMPARISONS:
        assert sum(usual.m[name]) == pytest.approx(1)
        assert sum(usual.u[name]) == pytest.approx(1)
        assert usual.m[name][0] > usual.u[name][0]
        assert usual.m[name][-1] < usual.u[name][-1]


def test_at_home_only_the_given_name_counts() -> None:
    bits = name_bits(usual_parameters())
    assert bits["same full name"] > 3 > 0 > bits["same family, other initial"]
    assert bits["same family, other given"] < bits["same family, other initial"]
    assert bits["family is the only name"] == 0
    assert bits["differ"] < 0


@pytest.mark.parametrize(
    ("field", "label"), [("phone", "one slip"), ("postcode", "postcode with one slip")]
)
def test_a_slip_is_a_distance_of_one(field: str, label: str) -> None:
    """All pairs of short words: what is looked at first leaves out no slip."""
    (sql,) = (
        level.sql
        for levels in LEVELS.values()
        for level in levels
        if level.label == label and f"{field}_l" in level.sql
    )
    words = ["".join(letters) for size in range(8) for letters in product("ab", repeat=size)]
    with duckdb.connect() as connection:
        connection.execute("create table words as select unnest($1) as word", [words])
        found, slips = connection.execute(
            f"select count(*) filter (where ({sql}) <> (damerau_levenshtein({field}_l, {field}_r) <= 1)), "
            f"count(*) filter (where {sql}) "
            f"from (select word as {field}_l from words) cross join (select word as {field}_r from words)"
        ).fetchall()[0]
    assert found == 0
    assert slips > len(words)
