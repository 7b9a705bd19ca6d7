"""What stands beside a probability, learned in a run: outcomes from the warehouse, own means from a seed."""

from __future__ import annotations

import pandas as pd

from ml.data.interests import category_sales, interests_of
from ml.data.seeds import seed_rows
from ml.data.targets import Target
from ml.data.warehouse import connect_to_learn, frame
from ml.learn.definition import SEED
from ml.learn.expected.bundle import ExpectedBundle, Own
from ml.learn.expected.categories import Weights, candidates, choose_weights
from ml.learn.expected.fit import ExpectedTask, fit_expected
from ml.learn.training.result import TrainingResult
from ml.learn.training_rows import IS_SAMPLED, sample_bound
from ml.run import Run

OUTCOMES = (
    "select judged.customer_id, judged.as_of_date, outcomes.days_until_order, outcomes.days_observed, "
    "cast(outcomes.window_amount as double) as window_amount, outcomes.people_reached "
    "from labels.customer_outcomes as outcomes inner join judged using (customer_id, as_of_date) "
    "where outcomes.target = ? and outcomes.horizon_days = ? order by as_of_date, customer_id"
)


def learn_expectations(
    run: Run, target: Target, features: pd.DataFrame, result: TrainingResult
) -> ExpectedBundle | None:
    """Learn when, how much and what, beside the model that a training chose; None where none was.

    `features` are those of the training's rows.
    """
    if result.bundle is None:
        return None
    task = ExpectedTask(
        target=target.name,
        horizon_days=target.horizon_days,
        feature_names=tuple(result.bundle.feature_names),
        own=own_features(target, features),
        seed=SEED,
        threads=run.home.settings.threads,
    )
    weights = _weights(run) if target.name == "next_purchase" else None
    return fit_expected(task, features, _outcomes(run, target, result.oof), result.oof, weights)


def own_features(target: Target, features: pd.DataFrame) -> Own:
    """The features that hold what a customer has brought so far, from the seed; none where they are absent."""
    for row in seed_rows("own_values"):
        names = (row["total_feature"], row["count_feature"])
        if row["target"] == target.name and set(names) <= set(features.columns):
            return Own(*names)
    return Own()


def _outcomes(run: Run, target: Target, oof: pd.DataFrame) -> pd.DataFrame:
    keys = (
        oof[["customer_id", "as_of_date"]]
        if len(oof)
        else pd.DataFrame(
            {"customer_id": pd.Series(dtype=str), "as_of_date": pd.Series(dtype="datetime64[s]")}
        )
    )
    with connect_to_learn(run.home) as connection:
        connection.register("judged", keys)
        return frame(connection, OUTCOMES, [target.name, target.horizon_days])


def _weights(run: Run) -> Weights | None:
    """The weights of the signs of interest; None where the brand's products have no category and no brand."""
    windows = []
    with connect_to_learn(run.home) as connection:
        days = connection.execute(
            "select as_of_date, count(*) from labels.customer_next_categories group by all order by as_of_date"
        ).fetchall()
        bound = sample_bound(run, sum(rows for _, rows in days))
        for day, _ in days:
            bought = frame(
                connection,
                "select customer_id, category from labels.customer_next_categories "
                f"where as_of_date = ? and {IS_SAMPLED} order by all",
                [day, bound],
            )
            buyers = bought["customer_id"].drop_duplicates()
            interests = interests_of(connection, day, buyers)
            found = candidates(buyers.tolist(), interests, category_sales(connection, day))
            if found is not None:
                windows.append((found, bought))
        subjects = connection.execute("select count(*) from events.product_categories").fetchone()
    return choose_weights(windows) if subjects and subjects[0] else None
