"""The page of every table, column and use of the warehouse: dbt's documentation with its lineage."""

from __future__ import annotations

from ml.run import Run, RunState
from ml.transform import write_project_page


def write_docs(run: Run) -> None:
    """Write the page of the dbt project as the warehouse of this day stands.

    Raises:
        KithError: the published tables have not been built for this day, or dbt stopped.
    """
    RunState(run).require("tables", "score")
    page = run.home.dbt_docs / "index.html"
    write_project_page(run.home, run.as_of_date, page)
    run.report(f"dbt docs with lineage: {page}")
