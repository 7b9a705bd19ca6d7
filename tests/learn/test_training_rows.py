"""What training reads of a brand that has more rows than it may hold."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ml.data.warehouse import connect
from ml.learn.fit_expected import _weights
from ml.learn.training_rows import slices_of, training_frames
from ml.run import Run

PEOPLE, CUTOFFS, CAP = 4_000, 3, 1_200
TABLES = f"""
    create schema features; create schema labels; create schema interests; create schema events;
    create table people as
        select printf('c%05d', range) as customer_id, range as n,
            date '2024-01-01' + cast(30 * k as integer) as as_of_date
        from range({PEOPLE}) cross join range({CUTOFFS}) as cutoffs (k);
    create table labels.customer_labels as
        select customer_id, as_of_date, 'churn' as target, 90 as horizon_days, n % 3 = 0 as label from people;
    create table features.customer_features as
        select customer_id, as_of_date, cast(n as float) as number from people;
    create table features.customer_slices as
        select customer_id, as_of_date, 'new' as experience, 'web' as channel, 'weak' as level, 'f' as gender,
            if(n % 2 = 0, 'even', 'odd') as age_band
        from people;
    create table labels.customer_next_categories as
        select customer_id, as_of_date, 'tea' as category from people;
    create table interests.customer_interests as
        select customer_id, as_of_date, 'tea' as category, 1.0 as bought, 0.0 as looked from people;
    create table interests.category_sales as
        select distinct as_of_date, 'tea' as category, 1 as lines_count from people;
    create table events.product_categories as select 'tea' as category;
"""  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("rows") / "home"
    run = Run.of(root, root / "landing", date(2024, 6, 1))
    with connect(run.home) as connection:
        connection.execute(TABLES)
    return root


def run_of(home: Path, cap: int) -> Run:
    (home / "kith.toml").write_text(f"max_training_rows = {cap}\n", encoding="utf-8")
    return Run.of(home, home / "landing", date(2024, 6, 1))


def test_few_rows_are_all_read(home: Path) -> None:
    run = run_of(home, PEOPLE * CUTOFFS)
    features, labels = training_frames(run, run.target("churn")[0])
    assert len(features) == len(labels) == PEOPLE * CUTOFFS
    assert len(slices_of(run, labels)) == len(labels)


def test_of_many_the_same_people_are_read_at_every_cutoff(home: Path) -> None:
    run = run_of(home, CAP)
    features, labels = training_frames(run, run.target("churn")[0])
    keys = ["customer_id", "as_of_date"]
    assert 0.75 * CAP < len(labels) < 1.25 * CAP
    assert (features[keys].to_numpy() == labels[keys].to_numpy()).all()
    by_cutoff = labels.groupby("as_of_date")["customer_id"].agg(frozenset)
    assert len(by_cutoff) == CUTOFFS
    assert by_cutoff.nunique() == 1
    # The label goes with its features, and a larger sample holds the smaller one.
    number = features["customer_id"].str[1:].astype(int)
    assert (features["number"] == number).all()
    assert (labels["label"] == (number % 3 == 0)).all()
    run = run_of(home, 3 * CAP)
    _, more = training_frames(run, run.target("churn")[0])
    assert set(labels["customer_id"]) < set(more["customer_id"])


def test_slices_are_read_for_the_rows_in_question_alone(home: Path) -> None:
    run = run_of(home, CAP)
    _, labels = training_frames(run, run.target("churn")[0])
    some = labels.iloc[::5]
    found = slices_of(run, some)
    assert len(found) == len(some)
    assert set(found["customer_id"]) == set(some["customer_id"])
    even = found["customer_id"].str[1:].astype(int) % 2 == 0
    assert ((found["age_band"] == "even") == even).all()


def test_next_categories_are_weighed_on_a_sample_of_the_same_size(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[int] = []

    def choose(windows: list[tuple[object, list[object]]]) -> tuple[float, float, float]:
        weighed.extend(len(bought) for _, bought in windows)
        return (1.0, 0.0, 0.0)

    monkeypatch.setattr("ml.learn.fit_expected.choose_weights", choose)
    assert _weights(run_of(home, CAP)) == (1.0, 0.0, 0.0)
    assert len(weighed) == CUTOFFS
    assert 0.75 * CAP < sum(weighed) < 1.25 * CAP
    weighed.clear()
    _weights(run_of(home, PEOPLE * CUTOFFS))
    assert sum(weighed) == PEOPLE * CUTOFFS
