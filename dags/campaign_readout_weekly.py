"""Airflow DAG: what the lists and campaigns have brought, every week, read from those who were left out."""

from airflow.sdk import chain
from kith_steps import Brand

DOC = """
**Every Monday: what contacting people has brought, against the people held out by lot.**

It builds the day's facts, then reads every audience, campaign and quarter whose window has closed, each with
an interval and the smallest effect that could have been seen. What has not closed yet is named, not read.

*When it fails:* the log of the red task ends with one paragraph that says what was found, where, and the way out.
The readings of the week before stay. Mend the cause and clear the run **from `read_landing` on**.

*While it runs* the daily DAG waits, and the other way round: one run at a time works on a home folder.
"""

brand = Brand.from_environment()

with brand.dag("campaign_readout_weekly", "0 4 * * 1", DOC) as dag:
    chain(
        *brand.feature_steps(),
        brand.step(
            "read_lift",
            "lift",
            "Holds the people written to against those held out, where the window has closed.",
        ),
    )
