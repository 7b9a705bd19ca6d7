"""The catalogue of features: complete, consistent with the SQL, and free of protected traits."""

from __future__ import annotations

import csv
import re

import pytest

from ml.data.feature_families import QUESTIONS
from ml.home import DBT_PROJECT, SEEDS
from ml.learn.catalogue import direction_of, entry_of, families
from ml.serve.phrases import phrase_for

FAMILIES = DBT_PROJECT / "models" / "features" / "families"
NAN = float("nan")


def rows() -> list[dict[str, str]]:
    with (SEEDS / "feature_catalogue.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def names() -> list[str]:
    return [row["feature"].replace("{days}", "30") for row in rows()]


def test_families_have_their_sql_and_the_sql_its_rows() -> None:
    files = {path.stem.removeprefix("ftr_customer__"): path for path in FAMILIES.glob("*.sql")}
    assert set(files) == set(families()) == {row["family"] for row in rows()}
    for family, path in files.items():
        asked = re.findall(r"catalogue\('(\w+)', '(\w+)'\)", path.read_text(encoding="utf-8"))
        assert {name for name, _ in asked} == {family}
        assert {part for _, part in asked} == {row["part"] for row in rows() if row["family"] == family}  # fmt: skip


def test_every_need_is_an_entity_of_the_landing_zone_or_a_question() -> None:
    staging = (DBT_PROJECT / "models" / "staging").glob("stg_*.sql")
    entities = {path.stem.removeprefix("stg_") for path in staging}
    assert set().union(*(family.needs for family in families().values())) <= entities | QUESTIONS
    assert any(not family.needs for family in families().values())


def test_a_window_stands_in_the_name_exactly_where_there_are_windows() -> None:
    for row in rows():
        assert bool(row["windows"]) == ("{days}" in row["feature"]), row["feature"]
        assert re.fullmatch(r"buying|sharing|\d+(\|\d+)*|", row["windows"]), row["feature"]
        assert row["when_empty"] in ("zero", ""), row["feature"]
        assert {row["more_buying"], row["more_sharing"]} <= {"+", "-", ""}, row["feature"]
        said = ("topic", "words", "words_when_zero", "words_when_unknown")
        assert all(row[column] for column in said), row["feature"]


def test_what_is_usual_is_a_feature_of_the_same_family() -> None:
    told = [entry for name in names() if (entry := entry_of(name)) and entry.usual]
    assert len(told) > 5
    for entry in told:
        usual = entry_of(entry.usual)
        assert usual is not None
        # A family of its own could be switched off alone.
        assert usual.family == entry.family
        assert "{usual}" in entry.words


def test_names_match_one_row_each() -> None:
    for name in names():
        found = [
            row["feature"]
            for row in rows()
            if re.fullmatch(re.escape(row["feature"]).replace(r"\{days\}", r"\d+"), name)
        ]
        assert len(found) == 1, name


def test_leaving_is_the_opposite_of_buying() -> None:
    directions = {name: direction_of(name, "next_purchase") for name in names()}
    assert {-1, 0, 1} == set(directions.values())
    assert all(direction_of(name, "churn") == -way for name, way in directions.items())
    assert direction_of("days_since_last_order", "next_purchase") == -1
    assert direction_of("shares_sent_count_all", "share") == 1
    assert direction_of("shares_sent_count_all", "next_purchase") == 0
    assert direction_of("something_nobody_thought_of", "churn") == 0
    assert direction_of("orders_count_30d", "another_target") == 0


TRAITS = "gender birth birth_date age name given_name family_name city postcode street country"


@pytest.mark.parametrize("trait", TRAITS.split())
def test_no_protected_trait_is_a_feature(trait: str) -> None:
    for row in rows():
        texts = " ".join(row[column] for column in ("feature", "sql", "divided_by"))
        assert not re.search(rf"(?<![a-z]){trait}(?![a-z])", texts), row["feature"]
    for path in FAMILIES.glob("*.sql"):
        code = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
        assert not re.search(rf"\.{trait}\b", code), path.name
        assert "customer_slices" not in code


@pytest.mark.parametrize(
    ("feature", "value", "usual", "words"),
    [
        ("days_since_last_view", 41, 12, "no view for 41 days; usually every 12 days"),
        ("days_since_last_view", 41, NAN, "no view for 41 days"),
        ("days_since_last_view", 1, 1, "no view for 1 day; usually every 1 day"),
        ("days_since_last_view", NAN, 12, "no view yet"),
        ("complaints_count_90d", 2, NAN, "2 complaints in the last 90 days"),
        ("dear_things_count_30d", 2, NAN, "dear things is 2"),
    ],
)
def test_words_beside_what_is_usual(feature: str, value: float, usual: float, words: str) -> None:
    assert phrase_for(feature).tell(value, usual) == words


def test_a_phrase_knows_its_family_and_what_is_usual() -> None:
    phrase = phrase_for("days_since_last_order")
    assert (phrase.family, phrase.usual) == ("recency", "mean_gap_days")
    unknown = phrase_for("a_column_of_a_colleague")
    assert (unknown.family, unknown.usual) == ("", "")
