"""What a training reads from the warehouse, and the digest of what gives its numbers their meaning."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pandas as pd

from ml.data.targets import Target
from ml.data.warehouse import connect_to_learn, frame
from ml.run import Run

# People whose features are held at once.
BATCH_ROWS = 50_000
# Rows from which it is told what is usual in a population; a median of so many lies within half a percentile.
SAMPLE_ROWS = 100_000
# Whether training reads a customer: the same people at every cut-off. Takes what `sample_bound` gives.
IS_SAMPLED = "cast('0x' || substr(md5('training rows|' || customer_id), 1, 8) as bigint) < ?"
# Whom a target asks about on a date and who may be profiled: takes the date, the target and its horizon.
_POPULATION = (
    "from features.customer_features as features "
    "inner join features.customer_population as population using (customer_id, as_of_date) "
    "left join events.int_customer__refusals as refusals using (customer_id) "
    "where features.as_of_date = ? and population.target = ? and population.horizon_days = ? "
    "and refusals.customer_id is null"
)


def sample_bound(run: Run, rows: int) -> int:
    """How far IS_SAMPLED goes for a table of so many rows to give about `max_training_rows`, or all of fewer."""
    return int(min(1.0, run.home.settings.max_training_rows / max(rows, 1)) * 2**32)


def training_frames(run: Run, target: Target) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Features and labels of a target's matured cut-offs, capped to the same people at every cut-off."""
    with connect_to_learn(run.home) as connection:
        key = [target.name, target.horizon_days]
        counted = connection.execute(
            "select count(*) from labels.customer_labels where target = ? and horizon_days = ?", key
        ).fetchone()
        labels = frame(
            connection,
            "select customer_id, as_of_date, target, horizon_days, label from labels.customer_labels "
            f"where target = ? and horizon_days = ? and {IS_SAMPLED} order by as_of_date, customer_id",
            [*key, sample_bound(run, counted[0] if counted else 0)],
        )
        connection.register("wanted", labels)
        features = frame(
            connection,
            "select features.* from features.customer_features as features "
            "inner join wanted using (customer_id, as_of_date) order by as_of_date, customer_id",
        )
    return features, labels


def feature_families(run: Run) -> dict[str, str]:
    """The family of each feature, from the tables that the features were built from."""
    with connect_to_learn(run.home) as connection:
        rows = connection.execute(
            "select feature, family from features.feature_list order by feature"
        ).fetchall()
    return dict(rows)


def slices_of(run: Run, rows: pd.DataFrame) -> pd.DataFrame:
    """The groups of customers by which models are judged; never features.

    Args:
        run: whose warehouse is read.
        rows: customer_id and as_of_date, a snapshot date.

    Returns:
        customer_id, as_of_date, experience, channel, level, gender, age_band, ordered by date and customer.
    """
    with connect_to_learn(run.home) as connection:
        connection.register("wanted", rows[["customer_id", "as_of_date"]])
        return frame(
            connection,
            "select customer_id, as_of_date, experience, channel, level, gender, age_band "
            "from features.customer_slices semi join wanted using (customer_id, as_of_date) "
            "order by as_of_date, customer_id",
        )


def feature_names(features: pd.DataFrame) -> list[str]:
    """The feature list: the columns of the feature table that are no key."""
    return [name for name in features.columns if name not in ("customer_id", "as_of_date")]


def population_features(run: Run, target: Target, customer_id: str | None = None) -> pd.DataFrame:
    """Features at the run's date of everybody the target asks about and who may be profiled, by customer_id.

    With ``customer_id`` of that customer alone: no row or one.
    """
    one = "" if customer_id is None else "and features.customer_id = ?"
    wanted = [] if customer_id is None else [customer_id]
    with connect_to_learn(run.home) as connection:
        return frame(
            connection,
            f"select features.* {_POPULATION} {one} order by customer_id",
            [*_asked(run, target), *wanted],
        )


def population_size(run: Run, target: Target) -> int:
    """How many people the target asks about on the run's date who may be profiled."""
    with connect_to_learn(run.home) as connection:
        counted = connection.execute(
            f"select count(*) {_POPULATION}", _asked(run, target)
        ).fetchone()
    return int(counted[0]) if counted else 0


def population_sample(run: Run, target: Target, most_rows: int = SAMPLE_ROWS) -> pd.DataFrame:
    """Features of at most so many people of a population: every so many in the order of customer_id.

    Everybody where there are no more. What is usual, and what has drifted, is told from these.
    """
    with connect_to_learn(run.home) as connection:
        return frame(
            connection,
            "with people as (select customer_id, row_number() over (order by customer_id) - 1 as place, "
            f"count(*) over () as people {_POPULATION}), "
            "chosen as (select customer_id from people where place % cast(ceil(people / ?) as bigint) = 0) "
            "select features.* from features.customer_features as features "
            "inner join chosen using (customer_id) where features.as_of_date = ? order by customer_id",
            [*_asked(run, target), most_rows, run.as_of_date],
        )


def population_batches(
    connection: duckdb.DuckDBPyConnection, run: Run, target: Target, rows: int
) -> Iterator[pd.DataFrame]:
    """Features of everybody as in `population_features`, so many rows at a time, as the table holds them.

    Not by customer_id: sorting millions of rows of hundreds of columns would write them all to disk once more.
    The connection is taken until the last batch.
    """
    reader = connection.execute(
        f"select features.* {_POPULATION}", _asked(run, target)
    ).to_arrow_reader(rows)
    for batch in reader:
        yield batch.to_pandas(date_as_object=False)


def _asked(run: Run, target: Target) -> list[object]:
    return [run.as_of_date, target.name, target.horizon_days]
