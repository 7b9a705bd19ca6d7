"""Taobao item shares that got a response: who invited, who responded, to which item, when."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from ml.data.importers.source_files import find_source_file, instants, read_columns, texts
from ml.data.importers.summary import ImportSummary
from ml.data.landing_writer import timestamps, write_landing_file
from ml.stores.place import Place

SOURCE = "taobao"
COLUMNS = {
    "triple_id": (),
    "inviter_id": (),
    "voter_id": (),
    "item_id": (),
    "timestamp": (),
}


def import_taobao_shares(source: Path, landing: Place) -> ImportSummary:
    """Write one share per row, in the set's own local time; its outcome is ``opened``.

    Only shares that somebody responded to are in the set, so no outcome earlier than that occurs,
    and what came of the response is not known. ``source`` is the file or its folder. Raises
    KithError when it cannot be read.
    """
    path = find_source_file(source)
    raw = read_columns(path, COLUMNS)
    events = pd.DataFrame(
        {
            "share_id": texts(path, raw["triple_id"]),
            "inviter_key": texts(path, raw["inviter_id"]),
            "invitee_key": texts(path, raw["voter_id"]),
            "product_id": texts(path, raw["item_id"]),
            "occurred_at": instants(path, raw["timestamp"], "%Y/%m/%d %H:%M:%S"),
        }
    ).drop_duplicates(ignore_index=True)
    # Two different events under one id would be taken for two versions of one share.
    again = events.groupby("share_id").cumcount()
    events["share_id"] = events["share_id"].where(
        again == 0, events["share_id"] + "-" + (again + 1).astype(str)
    )
    table = pa.table(
        {
            "source": pa.array([SOURCE] * len(events)),
            "share_id": pa.array(events["share_id"], pa.string()),
            "inviter_key": pa.array(events["inviter_key"], pa.string()),
            "occurred_at": timestamps(events["occurred_at"].to_numpy()),
            "invitee_key": pa.array(events["invitee_key"], pa.string()),
            "product_id": pa.array(events["product_id"], pa.string()),
            "outcome": ["opened"] * len(events),
        }
    )
    write_landing_file(landing, "shares", f"{SOURCE}.parquet", table)
    return ImportSummary(
        SOURCE,
        path,
        {"shares": table.num_rows},
        events["occurred_at"].min().to_pydatetime(),
        events["occurred_at"].max().to_pydatetime(),
    )
