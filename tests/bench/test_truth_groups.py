"""People of the truth and customers of Kith, brought together: small cases counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from truth_groups import groups_of, side_by_side


def frame(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns.split())


TRUTH_RECORDS = frame(
    "source source_key person_id",
    ("web", "1", "anna"),
    ("till", "1", "anna"),
    ("web", "2", "ben"),
    ("till", "2", "ben"),
    ("web", "3", "cleo"),
    ("web", "4", "dan"),
    ("web", "5", "outsider"),
)
# Anna is one customer, Ben is two, Cleo and Dan are one; nobody asked about Ben at the till.
IDENTITY_MAP = frame(
    "source source_key customer_id",
    ("web", "1", "A"),
    ("till", "1", "A"),
    ("web", "2", "B1"),
    ("till", "2", "B2"),
    ("web", "3", "CD"),
    ("web", "4", "CD"),
    ("web", "5", "O"),
    ("web", "9", "unknown to the truth"),
)
TRUTH = frame("person_id probability", ("anna", 0.2), ("ben", 0.5), ("cleo", 0.1), ("dan", 0.4))


def asked(all_must: bool) -> pd.DataFrame:
    scores = frame("customer_id ours", ("A", 0.3), ("B1", 0.4), ("CD", 0.25), ("O", 0.05))
    groups = groups_of(TRUTH_RECORDS, IDENTITY_MAP)
    names = groups.drop_duplicates("group").set_index("group")["customer_id"].str[0]
    return side_by_side(groups, TRUTH, scores, all_must).rename(index=names)


def test_a_group_acts_when_any_of_its_members_does() -> None:
    table = asked(all_must=False)
    assert table["truth"].to_dict() == pytest.approx(
        {"A": 0.2, "B": 0.5, "C": 1 - 0.9 * 0.6, "O": 0.0}
    )
    assert table["ours"].to_dict() == pytest.approx({"A": 0.3, "B": 0.4, "C": 0.25, "O": 0.05})


def test_a_group_is_silent_when_all_its_members_are() -> None:
    table = asked(all_must=True)
    assert table["truth"].to_dict() == pytest.approx({"A": 0.2, "B": 0.5, "C": 0.04, "O": 1.0})


def test_both_pieces_of_a_person_count() -> None:
    groups = groups_of(TRUTH_RECORDS, IDENTITY_MAP)
    both = frame("customer_id ours", ("B1", 0.4), ("B2", 0.5))
    table = side_by_side(groups, TRUTH, both, all_must=False)
    assert table["ours"].to_list() == pytest.approx([1 - 0.6 * 0.5])
    assert table[["people", "customers", "scored"]].to_numpy().tolist() == [[1, 2, 2]]


def test_sizes_tell_whole_split_and_joined_apart() -> None:
    table = asked(all_must=False)
    assert table["people"].to_dict() == {"A": 1, "B": 1, "C": 2, "O": 1}
    assert table["customers"].to_dict() == {"A": 1, "B": 2, "C": 1, "O": 1}
