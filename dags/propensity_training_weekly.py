"""Airflow DAG: new models for every target, every week, promoted only where they are better."""

from airflow.sdk import Asset, chain
from kith_steps import Brand

DOC = """
**Every Monday: train, compare and promote the models that the daily DAG serves.**

It builds the day's features and labels, then for each target trains a candidate, holds it against the champion
and promotes it only when it is the first, or proved better on later rows. Thin data is a result, not a failure.
At the end it holds what was published for earlier days against what happened since.

*When it fails:* the log of the red task ends with one paragraph that says what was found, where, and the way out.
The old models keep serving. Mend the cause and clear the run **from `read_landing` on**.

*While it runs* the daily DAG waits, and the other way round: one run at a time works on a home folder.
"""

brand = Brand.from_environment()

with brand.dag("propensity_training_weekly", "0 1 * * 1", DOC) as dag:
    labels = brand.step(
        "build_labels", "build --part labels", "What came true after each earlier cut-off."
    )
    chain(*brand.feature_steps(), labels)
    # Last, because it builds labels of its own.
    monitor = brand.step(
        "monitor_published",
        "monitor",
        "Holds published days that have come true against what happened.",
    )
    for name in brand.target_names:
        chain(
            labels,
            brand.step(
                f"train_{name}",
                f"train --target {name}",
                "Fits the contenders; see them in MLflow.",
            ),
            brand.step(
                f"evaluate_{name}",
                f"evaluate --target {name}",
                "Holds the candidate against the champion.",
            ),
            brand.step(
                f"promote_{name}",
                f"promote --target {name}",
                "Lets the candidate serve if it is the first or proved better. Its asset event says the target.",
                outlet=Asset(f"propensity_{name}"),
            ),
            monitor,
        )
