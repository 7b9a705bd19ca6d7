"""`control.name_forms`: every name text seen, and its plain form, so that SQL only joins."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from ml.data.sql_text import raw_rows
from ml.data.warehouse import keep_table
from ml.home import Home
from ml.matching.name_forms import name_form

TEXTS = ("name", "given_name", "family_name")
COLUMNS = {
    **dict.fromkeys(TEXTS, "varchar"),
    "given": "varchar",
    "family": "varchar",
    "full_name": "varchar",
    "variants": "varchar[]",
    "other_variants": "varchar[]",
}
_FORMS = pa.schema(
    [
        (name, pa.list_(pa.string()) if kind.endswith("[]") else pa.string())
        for name, kind in COLUMNS.items()
    ]
)
_AT_ONCE = 200_000


def normalise_names(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Keep `control.name_forms` for the names in the landed profiles; only those not seen before are read."""
    keep_table(connection, "control.name_forms", COLUMNS)
    stated = ", ".join(f"coalesce(trim({name}), '') as {name}" for name in TEXTS)
    connection.execute(
        f"create temporary table unseen_names as select distinct {stated} from {raw_rows(home.raw, 'profiles')} "
        f"except select {', '.join(TEXTS)} from control.name_forms"
    )
    unseen = connection.execute("select * from unseen_names order by all").to_arrow_reader(_AT_ONCE)
    with connection.cursor() as writer:
        for batch in unseen:
            forms = pa.Table.from_pylist(
                [_row(*texts.values()) for texts in batch.to_pylist()], _FORMS
            )
            writer.register("forms", forms)
            writer.execute("insert into control.name_forms select * from forms")
            writer.unregister("forms")
    connection.execute("drop table unseen_names")


def _row(*texts: str) -> dict[str, object]:
    form = name_form(*(text or None for text in texts))
    return {
        **dict(zip(TEXTS, texts, strict=True)),
        "given": form.given,
        "family": form.family,
        "full_name": form.full,
        "variants": form.variants,
        "other_variants": form.other_variants,
    }
