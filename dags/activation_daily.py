"""Airflow DAG: from new scores to lists that may be sent, whenever a version has been published."""

from airflow.sdk import Asset, chain
from kith_steps import Brand

DOC = """
**After every published version: what to offer, whom a message moves, one action a day at most, and the lists.**

It waits for the asset `customer_360`, and speaks for the day of that version (`as_of_date` of the asset's event).
Its tables stand in the folder `activation/versions` of the home, what is to be delivered in `activation/exports`.

*When it fails:* the log of the red task ends with one paragraph that says what was found, where, and the way out.
The version is out all the same. Mend the cause and clear the red task; lists that are written already are
left as they are, so that nobody is written to twice.

*By hand:* trigger with `{"as_of_date": "2026-07-01"}`, the day that the current version speaks for.
"""

brand = Brand.from_environment()

with brand.dag("activation_daily", Asset("customer_360"), DOC) as dag:
    chain(
        brand.step(
            "recommend_products",
            "recommend",
            "Three products or categories for each person, from purchases, baskets and looking around.",
        ),
        brand.step(
            "estimate_uplift",
            "uplift",
            "Whom a message moves and whom it drives away, where contacts were drawn by lot.",
        ),
        brand.step(
            "plan_actions",
            "plan",
            "Chooses at most one action for each person, under consent, caps, stock and budget.",
            only_published=True,
        ),
        brand.step(
            "export_lists",
            "export --all --planned",
            "Writes the declared lists for each destination, past the one gate, once per version.",
            only_published=True,
        ),
    )
