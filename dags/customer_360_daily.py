"""Airflow DAG: one customer table and its scores, every night, published whole or not at all."""

from airflow.sdk import Asset, chain
from kith_steps import Brand

DOC = """
**Every night: from the landing zone to the published customer tables of one day.**

The day (`as_of_date`) is the run's logical date in the brand's time zone; the parameter `as_of_date` overrules it.
Readers see the old version until `publish_version` has succeeded, and then the new one, whole.

*When it fails:* the log of the red task ends with one paragraph that says what was found, where, and the way out.
Such a stop is not retried. Mend the cause and clear the run **from `read_landing` on**. When only
`write_docs` is red, the version is out and the old page stays; clear that task alone.

*One day again:* trigger with `{"as_of_date": "2026-07-01"}`; for a day before `schedule_start` that is the only way,
because Airflow runs no task of a logical date before the start, and calls that a success. *Many days:*
`airflow backfill create --dag-id customer_360_daily --from-date 2026-06-01 --to-date 2026-07-01 --max-active-runs 1`.
These are instants in Airflow's `default_timezone`: that must be the brand's, and the last day is not run, so this
runs June. Days run one after the other; with more active runs their order is left to chance.
"""

brand = Brand.from_environment()

with brand.dag("customer_360_daily", "0 2 * * *", DOC) as dag:
    chain(
        *brand.feature_steps(),
        brand.step(
            "train_when_due", "train --when-due", "Trains only where no model is young enough."
        ),
        brand.step(
            "promote_models",
            "promote",
            "A new model serves only if it is the first or proved better.",
        ),
        brand.step(
            "score_customers",
            " ".join(["score", *(f"--target {name}" for name in brand.target_names)]),
            "Predicts every target, one after the other, with reasons.",
        ),
        brand.step(
            "build_tables", "build --part tables", "Builds the tables that marketing reads."
        ),
        brand.step("check_scores", "expect scores", "Stops when scores are not what was promised."),
        brand.step(
            "audit_tables", "audit", "Holds the tables against each other and against what came in."
        ),
        brand.step(
            "publish_version",
            "publish",
            "Writes the version and points readers to it. Its asset event says version and as_of_date.",
            outlet=Asset("customer_360"),
        ),
        brand.step(
            "write_docs",
            "docs",
            "Writes the page of every table, column and use, with lineage. The version is out already.",
        ),
    )
