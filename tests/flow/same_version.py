"""Do two published versions say the same? Asked by whoever changes what computes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from ml.serve.tables import published_tables

CLOSE = 1e-9


def differences(left: Path, right: Path) -> list[str]:
    """What two versions' folders differ in: tables, columns, rows, keys, values; numbers in halves may differ by CLOSE.

    Manifests are compared without the files' digests.
    """
    found = [
        f"manifest: {entry}"
        for entry in sorted({*_manifest(left), *_manifest(right)})
        if _manifest(left).get(entry) != _manifest(right).get(entry)
    ]
    tables = {path.name for folder in (left, right) for path in folder.glob("*.parquet")}
    listed = {f"{table.name}.parquet": list(table.key) for table in published_tables()}
    found += [f"{name}: not in the contract" for name in sorted(tables ^ set(listed))]
    for name in sorted(tables & set(listed)):
        if (left / name).exists() and (right / name).exists():
            found += [
                f"{name}: {told}" for told in _in_table(left / name, right / name, listed[name])
            ]
        else:
            found.append(f"{name}: only on one side")
    return found


def _manifest(version: Path) -> dict[str, Any]:
    manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    files = [{**file, "sha256": "left out"} for file in manifest["files"]]
    return {**manifest, "files": files}


def _in_table(left: Path, right: Path, key: list[str]) -> list[str]:
    schemas = pq.read_schema(left), pq.read_schema(right)
    if not schemas[0].equals(schemas[1]):
        kinds = [{field.name: str(field.type) for field in schema} for schema in schemas]
        return [
            f"column {column} is {kinds[0].get(column)} and {kinds[1].get(column)}"
            for column in sorted({*kinds[0], *kinds[1]})
            if kinds[0].get(column) != kinds[1].get(column)
        ] or ["columns stand in another order"]
    tables = [pq.read_table(path).to_pandas().set_index(key).sort_index() for path in (left, right)]
    if not tables[0].index.equals(tables[1].index):
        return [f"{len(tables[0].index.symmetric_difference(tables[1].index))} keys differ"]
    told = []
    for column in tables[0].columns:
        differs = _differs(tables[0][column], tables[1][column])
        if differs.any():
            place = int(differs.argmax())
            told.append(
                f"{column} differs in {differs.sum()} of {len(differs)} rows, first at {tables[0].index[place]}: "
                f"{tables[0][column].iloc[place]!r} and {tables[1][column].iloc[place]!r}"
            )
    return told


def _differs(left: pd.Series, right: pd.Series) -> np.ndarray:
    if pd.api.types.is_float_dtype(left):
        return ~np.isclose(left, right, rtol=CLOSE, atol=CLOSE, equal_nan=True)
    both_null = left.isna().to_numpy() & right.isna().to_numpy()
    return np.asarray((left.astype(object) != right.astype(object)).to_numpy() & ~both_null)
