"""Pages for people: pictures of the relationship, and dbt's documentation of every table with its lineage."""

from __future__ import annotations

from ml.run import Run, RunState
from ml.serve.relationship_page import write_relationship_page
from ml.transform import write_project_page


def write_docs(run: Run) -> None:
    """Write the pages of the relationship and of the dbt project as the warehouse of this day stands.

    Raises:
        KithError: the published tables have not been built for this day, or dbt stopped.
    """
    RunState(run).require("tables", "score")
    page = run.home.dbt_docs / "index.html"
    write_project_page(run.home, run.as_of_date, page)
    run.report(f"dbt docs with lineage: {page}")
    write_relationship_page(run)
