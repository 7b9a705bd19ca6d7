"""Who is in which audience, and who of them may be treated."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.data.sql_text import literal
from ml.data.warehouse import frame

Ints = npt.NDArray[np.int64]


def members(
    connection: duckdb.DuckDBPyConnection, folder: Path, place: pd.Series[int], missing: list[str]
) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """Members by audience within its size cap; and those who are treated: not held out, nor once in both groups."""
    listed = folder / "audience_members.parquet"
    capped = "is_within_cap" in connection.sql(f"from read_parquet({literal(listed)})").columns
    mixed = "(select null as purpose, null as customer_id where false)"
    purposes = "(select audience, audience as purpose from members)"
    holdouts = folder / "holdouts.parquet"
    if holdouts.exists():
        mixed = (
            f"(select purpose, customer_id from read_parquet({literal(holdouts)}) where is_mixed)"
        )
        purposes = (
            f"(select audience, purpose from read_parquet({literal(folder / 'audiences.parquet')}))"
        )
    else:
        missing.append("the table of holdouts: nobody is known to have been in both groups of one")
    rows = frame(
        connection,
        f"""
        with members as (
            select audience, customer_id, "group" from read_parquet({literal(listed)})
            where {"is_within_cap" if capped else "true"}
        )
        select members.audience, members.customer_id,
            members."group" = 'treatment' and mixed.customer_id is null as is_treated
        from members
        left join (select distinct audience, purpose from {purposes}) as purposes
            on members.audience = purposes.audience
        left join (select distinct purpose, customer_id from {mixed}) as mixed
            on mixed.purpose = purposes.purpose and mixed.customer_id = members.customer_id
        order by 1, 2
        """,
    )
    rows["place"] = rows["customer_id"].map(place)
    rows = rows.dropna(subset=["place"])
    groups = {str(audience): part for audience, part in rows.groupby("audience", sort=True)}
    return (
        {name: part["place"].to_numpy(dtype=np.int64) for name, part in groups.items()},
        {
            name: part.loc[part["is_treated"], "place"].to_numpy(dtype=np.int64)
            for name, part in groups.items()
        },
    )
