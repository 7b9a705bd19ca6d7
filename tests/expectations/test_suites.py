"""Suite files: one that asks nothing lets nothing through, and a mistake in one is told, not raised."""

from __future__ import annotations

from pathlib import Path

import pytest
from border_worlds import DAY, good_world

from expectations.runner import check_border
from expectations.suites import borders, load_suite
from ml.errors import KithError

RULE = """
      - type: expect_column_values_to_be_between
        kwargs: {column: rows_in, min_value: 0}
        rule: Counts are counts
        found: "{rows_in} rows"
"""
BATCH = """
  - name: entities
    grain: One row per entity
    query: select * from staging.landing_summary order by entity
"""
HEAD = "tables: [staging.landing_summary]\nway_out: look\n"


def _check(tmp_path: Path, suite: str) -> list[str]:
    folder = tmp_path / "suites"
    folder.mkdir()
    (folder / "landing.yml").write_text(suite)
    return [
        broken.found
        for broken in check_border(
            good_world("landing", tmp_path / "home"), "landing", DAY, folder
        ).stops
    ]


def test_there_are_three_borders() -> None:
    assert borders() == ["features", "landing", "scores"]


def test_a_suite_without_batches_fails(tmp_path: Path) -> None:
    with pytest.raises(KithError, match="the suite has 0 rules and 0 were evaluated"):
        _check(tmp_path, HEAD + "batches: []\n")


def test_a_suite_without_rules_fails(tmp_path: Path) -> None:
    with pytest.raises(KithError, match="the suite has 0 rules and 0 were evaluated"):
        _check(tmp_path, HEAD + "batches:" + BATCH)


def test_a_batch_without_rules_fails(tmp_path: Path) -> None:
    with pytest.raises(KithError, match="the batch other has no rules"):
        _check(
            tmp_path,
            HEAD + "batches:" + BATCH + "    rules:" + RULE + BATCH.replace("entities", "other"),
        )


def test_a_suite_with_a_rule_is_evaluated(tmp_path: Path) -> None:
    assert _check(tmp_path, HEAD + "batches:" + BATCH + "    rules:" + RULE) == []


def test_a_rule_that_cannot_be_evaluated_stops_the_run(tmp_path: Path) -> None:
    """Even a warning: it has judged nothing."""
    rule = RULE.replace("column: rows_in", "column: rows_out") + "        severity: warning\n"
    (found,) = _check(tmp_path, HEAD + "batches:" + BATCH + "    rules:" + rule)
    assert (
        found
        == 'it could not be evaluated (Error: The column "rows_out" in BatchData does not exist.)'
    )


@pytest.mark.parametrize(
    ("suite", "reason"),
    [
        (HEAD + "batches: [{name: a, grain: b, qeury: c}]", "qeury"),
        ("way_out: look\nbatches: []", "tables"),
        ("tables: [a\n", "expected ',' or ']'"),
        ("just words", "pop"),
        (HEAD + "batches:" + BATCH + "    rules:" + RULE.replace("found", "fuond"), "fuond"),
        (
            HEAD
            + "batches:"
            + BATCH
            + "    rules:"
            + RULE.replace("values_to_be", "values_to_bee"),
            "1 rules and 0 were evaluated",
        ),
        (
            HEAD
            + "batches:"
            + BATCH
            + "    rules:"
            + RULE.replace("min_value: 0", "min_value: {$PARAMETER: x}"),
            "x",
        ),
        (
            HEAD + "batches:" + BATCH + "    rules:" + RULE.replace("min_value: 0", "minimum: 0"),
            "minimum",
        ),
        (HEAD + "parameters: [max_bad]\nbatches:" + BATCH + "    rules:" + RULE, "max_bad"),
    ],
)
def test_a_mistake_in_a_suite_is_told(suite: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(KithError, match=r"suites/landing.yml") as stop:
        _check(tmp_path, suite)
    assert reason in str(stop.value)


def test_a_border_without_suite_is_told() -> None:
    with pytest.raises(KithError, match="The suite of the border 'nowhere'"):
        load_suite("nowhere")


def test_no_batch_holds_a_column_of_a_person() -> None:
    """Queries may count by a person's columns, but what they give is judged, told and kept."""
    personal = ("{customer_id", "{source_key", "{email", "{name", "{phone")
    for border in borders():
        for batch in load_suite(border).batches:
            for rule in batch.rules:
                assert not any(word in rule.found for word in personal)
                assert rule.kwargs.get("column") not in (
                    "customer_id",
                    "source_key",
                    "email",
                    "name",
                    "phone",
                )
