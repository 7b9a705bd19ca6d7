"""Airflow DAG: one customer table and its scores, every night, published whole or not at all."""

from airflow.sdk import DAG, Asset, chain
from kith_steps import Brand, KithStep

DOC = """
**Every night: from the landing zone to the published customer tables of one day.**

The day (`as_of_date`) is the run's logical date in the brand's time zone; the parameter `as_of_date` overrules it.
Readers see the old version until `publish_version` has succeeded, and then the new one, whole.

*When it fails:* the log of the red task ends with one paragraph that says what was found, where, and the way out.
Such a stop is not retried. Mend the cause and clear the run **from `read_landing` on**.
*An earlier day again:* trigger with `{"as_of_date": "2026-07-01"}`. *Many days:*
`airflow backfill create --dag-id customer_360_daily --from-date D --to-date D --max-active-runs 1`;
dates are instants in Airflow's `default_timezone`, so `--to-date` is the day after the last one.
"""

brand = Brand.from_environment()

with DAG("customer_360_daily", doc_md=DOC, **brand.dag_arguments("0 2 * * *")) as dag:

    def step(task_id: str, *command: str, doc: str, outlet: Asset | None = None) -> KithStep:
        return KithStep(task_id=task_id, brand=brand, step=command, doc_md=doc, outlet=outlet)

    chain(
        step("read_landing", "build", "--part", "landing", doc="Reads, types and sorts out what was landed."),
        step("check_landing", "expect", "landing", doc="Stops when too many rows are bad; see reports/ in the home."),
        step("build_identity", "build", "--part", "identity", doc="Decides which records are one person."),
        step("build_events", "build", "--part", "events", doc="Gives every fact its customer and both clocks."),
        step("build_features", "build", "--part", "features", doc="What is known of each customer before the day."),
        step("check_features", "expect", "features", doc="Stops when features are not fit for the models."),
        step("train_when_due", "train", "--when-due", doc="Trains only where no model is young enough."),
        step("promote_models", "promote", doc="A new model serves only if it is the first or proved better."),
        [
            step(f"score_{name}", "score", "--target", name, doc=f"Predicts `{name}`, with reasons.")
            for name in brand.target_names
        ],
        step("build_tables", "build", "--part", "tables", doc="Builds the tables that marketing reads."),
        step("check_scores", "expect", "scores", doc="Stops when scores are not what was promised."),
        step("audit_tables", "audit", doc="Holds the tables against each other and against what came in."),
        step(
            "publish_version",
            "publish",
            doc="Writes the version and points readers to it. Its asset event says version and as_of_date.",
            outlet=Asset("customer_360"),
        ),
    )
