"""The step `kith lift`: read what lists and randomised campaigns brought, once their windows have closed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ml.activate.lift.page import write_lift_page
from ml.activate.lift.readings import READ, WAITING, readings_of
from ml.activate.tables import LIFT, write_parts
from ml.activate.uplift.contacts import contacts_of
from ml.activate.uplift.step import current_version
from ml.errors import KithError
from ml.run import Run, RunState
from ml.serve.digits import nine_digits

LIFT_COLUMNS = pa.schema(
    [
        ("kind", pa.string()),
        ("name", pa.string()),
        ("quarter", pa.string()),
        ("outcome", pa.string()),
        ("horizon_days", pa.int32()),
        ("status", pa.string()),
        ("closes_on", pa.date32()),
        ("readable_on", pa.date32()),
        ("people_treated", pa.int64()),
        ("people_holdout", pa.int64()),
        ("left_out_mixed", pa.int64()),
        ("rate_treated", pa.float64()),
        ("rate_holdout", pa.float64()),
        ("difference", pa.float64()),
        ("difference_low", pa.float64()),
        ("difference_high", pa.float64()),
        ("smallest_visible", pa.float64()),
        ("money_treated", pa.float64()),
        ("money_holdout", pa.float64()),
        ("money_difference", pa.float64()),
        ("money_low", pa.float64()),
        ("money_high", pa.float64()),
        ("p_value", pa.float64()),
        ("q_value", pa.float64()),
        ("is_proved", pa.bool_()),
        ("share_declared", pa.float64()),
        ("share_observed", pa.float64()),
        ("share_p_value", pa.float64()),
        ("is_causal", pa.bool_()),
        ("reason_code", pa.string()),
    ]
)


def read_lift(run: Run, audience: str | None = None) -> None:
    """Write `lift` and its page for the current version, and say what was found (of one audience or campaign).

    Raises:
        KithError: nothing is published for the run's day, the warehouse is built for another, or nobody was ever drawn
            for a list of that name.
    """
    version = current_version(run)
    state = RunState(run).require("features", "build")
    with contacts_of(run) as contacts:
        contacts.draw()
        table = readings_of(
            contacts.all(), contacts.complete_until, int(str(state["label_lag_days"]))
        )
    path = run.home.activation_version(version.name) / LIFT
    write_parts(path, LIFT_COLUMNS, [_as_table(table)])
    page = write_lift_page(run.home.effects_page("lift"), table, run.as_of_date)
    for line in lines_of(table, audience):
        run.report(f"lift: {line}")
    run.report(f"lift: {len(table):,} readings; {page}")


def lines_of(table: pd.DataFrame, name: str | None) -> list[str]:
    """What the readings say, a line each: of one audience or campaign, or of all that could be read."""
    if name is not None:
        own = table[table["name"] == name]
        if own.empty:
            known = ", ".join(sorted(set(table["name"]))) or "none yet"
            raise KithError(
                f"There is no reading of '{name}': nobody was exported or held out under that name, and no randomised "
                f"campaign has it. Names with readings: {known}."
            )
        return [line_of(row) for row in own.to_dict("records")]
    waiting = int((table["status"] == WAITING).sum())
    lines = [line_of(row) for row in table[table["kind"] != "campaign"].to_dict("records")]
    proved = table[table["status"] == READ]
    lines.append(
        f"{len(proved):,} read, {int(proved['is_proved'].sum()):,} of them proved at no more than 5 % false "
        f"discoveries; {waiting:,} wait for their window to close"
    )
    return lines


def line_of(row: Mapping[Hashable, Any]) -> str:
    """One reading in words."""
    about = f"{row['name']}, {row['quarter']}"
    if row["status"] == WAITING:
        return f"{about}: open until {row['closes_on']}; read from {row['readable_on']} on"
    people = f"{row['people_treated']:,} and {row['people_holdout']:,} people"
    if row["status"] != READ:
        return f"{about}: {row['reason_code']}; {people}"
    said = "proved" if row["is_proved"] else "not proved"
    money = f"{row['money_difference']:+.2f} per person ({row['money_low']:+.2f} to {row['money_high']:+.2f})"
    return (
        f"{about}: {_points(row['rate_treated'])} % bought, held out {_points(row['rate_holdout'])} %, of {people}: "
        f"{100 * row['difference']:+.2f} points ({100 * row['difference_low']:+.2f} to "
        f"{100 * row['difference_high']:+.2f}), {said}; smallest visible {_points(row['smallest_visible'])}; "
        f"money {money}"
    )


def _points(share: float) -> str:
    return f"{100 * share:.2f}"


def _as_table(table: pd.DataFrame) -> pa.Table:
    rounded = table.copy()
    for field in LIFT_COLUMNS:
        if pa.types.is_floating(field.type):
            numbers = pd.to_numeric(rounded[field.name]).to_numpy(np.float64, na_value=np.nan)
            rounded[field.name] = nine_digits(numbers)
    return pa.Table.from_pandas(rounded[LIFT_COLUMNS.names], LIFT_COLUMNS, preserve_index=False)
