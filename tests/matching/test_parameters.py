"""What is learned: planted frequencies are found again, and the same rows give the same figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.matching.comparisons import LEVELS
from ml.matching.epochs import FIRST_STATES, Epoch, epochs, parameters_of
from ml.matching.levels import open_levels
from ml.matching.parameters import Parameters, learn_parameters, usual_parameters
from tests.matching.brands import holding, planted, state


@pytest.fixture(scope="module")
def learned() -> Parameters:
    with holding(*planted(1_200, seed=4)) as connection:
        return learn_parameters(connection, "states", "candidates")


def m_of(parameters: Parameters, comparison: str, label: str) -> float:
    labels = [level.label for level in LEVELS[comparison][1:]]
    return parameters.m[comparison][labels.index(label)]


def test_planted_frequencies_are_found(learned: Parameters) -> None:
    assert m_of(learned, "birth", "same") == pytest.approx(0.9, abs=0.04)
    assert m_of(learned, "email", "same") == pytest.approx(0.6, abs=0.06)
    assert learned.partners == pytest.approx(1, abs=0.5)


def test_what_the_brand_never_states_keeps_general_experience(learned: Parameters) -> None:
    assert learned.m["phone"] == pytest.approx(usual_parameters().m["phone"], rel=1e-6)
    assert learned.m["address"] == pytest.approx(usual_parameters().m["address"], rel=1e-6)


def test_the_same_rows_give_the_same_figures(learned: Parameters) -> None:
    with holding(*planted(1_200, seed=4)) as connection:
        connection.execute("set threads = 2")
        assert learn_parameters(connection, "states", "candidates") == learned


def test_epochs_begin_when_the_brand_has_grown_and_never_move() -> None:
    states = [state(number, "ann", "lee") for number in range(4 * FIRST_STATES + 10)]
    with holding(states[:10], [(0, 1)]) as connection:
        assert epochs(connection) == [Epoch(0, None, None)]
    known = {}
    for count in (FIRST_STATES, 2 * FIRST_STATES, len(states)):
        with holding(states[:count], [(0, 1)]) as connection:
            known[count] = epochs(connection)
    first = known[FIRST_STATES][1].begins
    assert first is not None
    assert first == states[FIRST_STATES - 1]["known_at"].date().replace(day=first.day)
    assert [epoch.begins for epoch in known[2 * FIRST_STATES]] == [None, first]
    assert [epoch.begins for epoch in known[len(states)]][:2] == [None, first]
    assert len(known[len(states)]) == 3
    assert known[len(states)][1].ends == known[len(states)][2].begins


def test_an_epoch_is_learned_once(tmp_path: Path) -> None:
    states, pairs = planted(1_100, seed=5)
    with holding(states, pairs) as connection:
        epoch = epochs(connection)[-1]
        assert epoch.begins is not None
        open_levels(connection, "this code")
        first = parameters_of(connection, epoch, "this code", tmp_path)
        (kept,) = tmp_path.iterdir()
        kept.write_text(kept.read_text().replace('"partners": ', '"partners": 7'), encoding="utf-8")
        assert parameters_of(connection, epoch, "this code", tmp_path).partners > 7
        assert parameters_of(connection, epoch, "other code", tmp_path) == first
    # Nothing of a person is kept: figures only, and the day.
    assert not any(str(one["email"]) in kept.read_text() for one in states)
