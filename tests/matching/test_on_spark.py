"""Spark comes to the same levels as the desk, pair by pair."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from ml.home import Home
from ml.matching.backends import Desk, backend_of
from ml.matching.comparisons import LEVELS
from ml.matching.on_spark import Cluster, spark_sql
from tests.matching.brands import holding, planted, state
from tests.matching.test_comparisons import cases

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Letters of other scripts, letters that are many bytes, and texts of nothing.
ODD = ["", "é", "zoë müller", "徐美华", "đặng", "a", "ab", "greeenwell", "greenwell", "o'neil"]


def odd_states(draw: Random) -> list[dict[str, Any]]:
    fields = ["street", "city", "postcode", "email", "phone"]
    return [
        state(number, draw.choice(ODD), draw.choice(ODD))
        | {field: draw.choice([None, *ODD]) for field in fields}
        | {"variants": draw.choice([None, [], ["a"], ["ab", "é"]])}
        for number in range(40)
    ]


@pytest.mark.slow
def test_spark_comes_to_the_same_levels(spark: SparkSession, tmp_path: Path) -> None:
    states, pairs = planted(80, seed=6)
    for _, _, left, right in cases():
        pairs.append((len(states), len(states) + 1))
        states += [state(len(states) + n, **said) for n, said in enumerate((left, right))]
    odd = odd_states(Random(7))
    pairs += [(len(states) + a, len(states) + b) for b in range(len(odd)) for a in range(b)]
    with holding([*states, *odd], sorted(set(pairs))) as connection:
        desk = connection.execute(f"from {Desk().levels(connection, 'states', 'met')} order by all")
        expected = desk.fetchall()
        found = Cluster(Home(tmp_path)).levels(connection, "states", "met")
        assert connection.execute(f"from {found} order by all").fetchall() == expected
    assert len(expected) == len(set(pairs))
    # Every level but the rarest of each comparison was met.
    assert all(len({row[place] for row in expected}) >= 4 for place in range(2, 7))
    assert not (tmp_path / "warehouse" / "lake" / "comparing").exists()


def test_the_settings_say_where(tmp_path: Path) -> None:
    assert isinstance(backend_of(Home(tmp_path)), Desk)
    (tmp_path / "kith.toml").write_text('engine = "spark"\n', encoding="utf-8")
    assert isinstance(backend_of(Home(tmp_path)), Cluster)


def test_spark_is_told_in_its_own_words() -> None:
    said = {
        spark_sql(level.sql).lower()
        for levels in LEVELS.values()
        for level in levels
        if level.sql != "else"
    }
    whole = " ".join(said)
    assert len(said) > 30
    # Whatever compares letters is DuckDB's own, and no list is left.
    alike = ("jaro_winkler", "jaro_similarity", "damerau_levenshtein", "levenshtein")
    for name in alike:
        assert f"kith_{name}" in whole
    bare = (
        whole.replace("kith_jaro", "").replace("kith_damerau", "").replace("kith_levenshtein", "")
    )
    assert "jarowinkler" not in bare
    assert " levenshtein(" not in bare
    assert "list_" not in whole
    assert "&&" not in whole
