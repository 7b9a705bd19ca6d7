"""Airflow DAG: new models for every target, every week, promoted only where they are better."""

from airflow.sdk import DAG, Asset, chain
from kith_steps import Brand, KithStep

DOC = """
**Every Monday: train, compare and promote the models that the daily DAG serves.**

It builds the day's features and labels, then for each target trains a candidate, holds it against the champion
and promotes it only when it is the first, or proved better on later rows. Thin data is a result, not a failure.

*When it fails:* the log of the red task ends with one paragraph that says what was found, where, and the way out.
The old models keep serving. Mend the cause and clear the run **from `read_landing` on**.
*While it runs,* the daily DAG waits: one run at a time works on a home folder.
"""

brand = Brand.from_environment()

with DAG("propensity_training_weekly", doc_md=DOC, **brand.dag_arguments("0 1 * * 1")) as dag:

    def step(task_id: str, *command: str, doc: str, outlet: Asset | None = None) -> KithStep:
        return KithStep(task_id=task_id, brand=brand, step=command, doc_md=doc, outlet=outlet)

    labels = step("build_labels", "build", "--part", "labels", doc="What came true after each earlier cut-off.")
    chain(
        step("read_landing", "build", "--part", "landing", doc="Reads, types and sorts out what was landed."),
        step("check_landing", "expect", "landing", doc="Stops when too many rows are bad; see reports/ in the home."),
        step("build_identity", "build", "--part", "identity", doc="Decides which records are one person."),
        step("build_events", "build", "--part", "events", doc="Gives every fact its customer and both clocks."),
        step("build_features", "build", "--part", "features", doc="What was known of each customer at each cut-off."),
        step("check_features", "expect", "features", doc="Stops when features are not fit for the models."),
        labels,
    )
    for name in brand.target_names:
        one = ("--target", name)
        chain(
            labels,
            step(f"train_{name}", "train", *one, doc=f"Fits the contenders for `{name}` and tracks them in MLflow."),
            step(f"evaluate_{name}", "evaluate", *one, doc="Holds the candidate against the champion."),
            step(
                f"promote_{name}",
                "promote",
                *one,
                doc="Lets the candidate serve if it is the first or proved better.",
                outlet=Asset(f"propensity_{name}"),
            ),
        )
