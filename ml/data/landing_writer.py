"""Writing files of the landing format: typed columns, exact decimals, the same bytes every time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from ml.errors import KithError
from ml.stores.place import Place
from ml.stores.store import store_at


def decimals(scaled: npt.NDArray[np.int64], scale: int, precision: int = 18) -> pa.Array:
    """Integers counted in units of ``10**-scale`` as an exact Arrow decimal column.

    ``decimals(np.array([1250]), 2)`` is 12.50. Arrow keeps a decimal128 as a 16-byte little-endian
    two's complement number, so the low word is the value and the high word its sign; going through
    Python's ``Decimal`` would take seconds per million rows.
    """
    low = np.ascontiguousarray(scaled, dtype="<i8")
    words = np.empty((len(low), 2), dtype="<i8")
    words[:, 0] = low
    words[:, 1] = low >> 63
    kind = pa.decimal128(precision, scale)
    return pa.Array.from_buffers(kind, len(low), [None, pa.py_buffer(words.tobytes())])


def timestamps(values: npt.NDArray[np.datetime64]) -> pa.Array:
    """Local instants in microseconds without an offset; NaT becomes null."""
    return pa.array(np.asarray(values, dtype="datetime64[us]"), type=pa.timestamp("us"))


def as_csv(table: pa.Table) -> bytes:
    """A table as the text of a CSV file."""
    sink = pa.BufferOutputStream()
    pa_csv.write_csv(table, sink, pa_csv.WriteOptions(quoting_style="needed"))
    return bytes(sink.getvalue())


def write_landing_file(
    landing: Place, entity: str, name: str, columns: Mapping[str, object] | pa.Table
) -> Place:
    """Write ``<landing>/<entity>/<name>``, as Parquet or CSV by the ending of ``name``.

    The file appears whole or not at all, and replaces an earlier one of the same name. Raises
    KithError when the folder cannot be written.
    """
    table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    target = landing / entity / name
    try:
        with store_at(landing).writing(f"{entity}/{name}") as part:
            if target.name.endswith(".csv"):
                part.write_bytes(as_csv(table))
            else:
                pq.write_table(table, part, compression="zstd")
    except OSError as error:
        raise KithError(
            f"{target}: the landing zone must be a folder that can be written to; found: "
            f"{error.strerror or error}. Choose another folder or free this one."
        ) from error
    return target
