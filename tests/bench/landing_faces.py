"""Who the people of each copy of the demo brand are, and what its forms made of it: the demo's own code, drawn anew."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ml.data.demo.corruption import Forms
from ml.data.demo.parameters import DEMO_AS_OF_DATE, DemoParameters
from ml.data.demo.people import People, draw_people

FACE = (
    *("name", "given_name", "family_name", "email", "phone", "birth_date", "gender"),
    *("street", "city", "postcode", "country"),
)
_TOPIC = 90
"""The generator's seed, beside the copy's number."""
_PROFILES = "select source, person, row_no, is_again from base_profiles order by source, row_no"


def write_faces(connection: duckdb.DuckDBPyConnection, customers: int, copies: int) -> None:
    """Write the table `faces`: what each row of `base_profiles` says of the person, one row per copy of it."""
    columns = ", ".join(f"{name} varchar" for name in FACE)
    connection.execute(f"create table faces (copy integer, row_no bigint, {columns})")
    rows = connection.execute(_PROFILES).fetch_arrow_table()
    for copy in range(copies):
        drawn = np.random.default_rng([_TOPIC, copy])
        people = strangers(customers, copy, drawn)
        filled = _filled(people, rows, drawn)  # noqa: F841 - DuckDB finds it by its name
        connection.execute(f"insert into faces select {copy}, * from filled")


def strangers(customers: int, copy: int, drawn: np.random.Generator) -> People:
    """The people of one copy: mailboxes and numbers are those of no other copy."""
    people = draw_people(customers, DEMO_AS_OF_DATE.year, DemoParameters(), drawn)
    first = copy * customers
    return replace(
        people,
        email=_own(people.email, copy),
        second_email=_own(people.second_email, copy),
        family_email=_own(people.family_email, copy),
        # A multiplier prime to the range spreads the numbers without repeating one.
        mobile=[
            f"7{(number * 7_368_787 + 12_345) % 10**9:09d}"
            for number in range(first, first + customers)
        ],
    )


def _own(emails: list[str], copy: int) -> list[str]:
    return [email.replace("@", f"-{copy}@") for email in emails]


def _filled(people: People, rows: pa.Table, drawn: np.random.Generator) -> pa.Table:
    """The forms of all profile rows; a person who fills one in again has moved."""
    sources = np.array(rows["source"].to_pylist())
    who: npt.NDArray[np.int64] = rows["person"].to_numpy()
    again = rows["is_again"].to_numpy(zero_copy_only=False)
    forms = Forms(people, DemoParameters(), drawn)
    parts = []
    for source in np.unique(sources):
        here = sources == source
        filled = forms.fill(str(source), who[here])
        filled["postcode"] = [
            people.postcode[(person * 31 + 7) % len(people)] if moved and postcode else postcode
            for person, moved, postcode in zip(
                who[here], again[here], filled["postcode"], strict=True
            )
        ]
        columns = {name: pa.array(filled[name], pa.string()) for name in FACE}
        parts.append(pa.table({"row_no": rows["row_no"].filter(pa.array(here)), **columns}))
    return pa.concat_tables(parts)
