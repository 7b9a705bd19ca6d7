"""Why one customer has a score: what each family of features adds, by the model that serves today."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.data.targets import Target
from ml.errors import KithError
from ml.learn.definition import definition_hash
from ml.learn.registry import Registry
from ml.learn.training_rows import population_features, population_sample
from ml.run import Run
from ml.serve.reasons import Teller
from ml.serve.scorer import explained_sample


def explain_customer(run: Run, target: Target, customer_id: str) -> pd.DataFrame:
    """One line per family that pushes the score; see BrandHome.explain."""
    registry = Registry(run.home)
    champion = registry.champion(target, run.as_of_date, definition_hash(run, target))
    if champion is None:
        raise KithError(
            f"No model serves {target.key} on {run.as_of_date}; `kith train` and `kith promote` for that day give one."
        )
    row = population_features(run, target, customer_id)
    if row.empty:
        raise KithError(
            f"{target.key} does not ask about the customer '{customer_id}' on {run.as_of_date}: unknown, not active in "
            f"the {target.population_days} days before, or refused profiling."
        )
    bundle = registry.load(champion)
    sample = population_sample(run, target)
    teller = Teller.of(sample, bundle.contributions(explained_sample(sample)))
    names = list(teller.names)
    push = bundle.contributions(row)[names].to_numpy(dtype=np.float32)[0] - teller.usual_push
    table = pd.DataFrame(
        {
            "family": [phrase.family or phrase.topic for phrase in teller.phrases],
            "push": push,
            "feature": names,
            "value": row[names].to_numpy(dtype=float)[0],
            "usual": teller.typical,
            "words": [
                str(teller.texts(np.array([n]), row, np.array([0]))[0]) for n in range(len(names))
            ],
        }
    )
    total = table.groupby("family")["push"].sum()
    strongest = table.loc[table["push"].abs().groupby(table["family"]).idxmax()]
    found = strongest.assign(push=strongest["family"].map(total))
    order = found["push"].abs().sort_values(ascending=False, kind="stable").index
    return found.loc[order].reset_index(drop=True)
