"""The truth beside the landing zone: for measuring only, never an input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ml.data.demo.causes import churn_causes
from ml.data.demo.contacts import assignments
from ml.data.demo.history import NOBODY, History, State
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.people import NO_HOUSEHOLD, People
from ml.data.demo.probabilities import (
    CHURN_DAYS,
    NEXT_PURCHASE_DAYS,
    SHARE_DAYS,
    TrueProbabilities,
)
from ml.data.demo.records import Records
from ml.data.demo.shares import Shares
from ml.data.demo.traits import Traits
from ml.errors import KithError

STAGES = np.array(["content", "grieved", "fading", "gone"])
PERSUASIONS = np.array(["indifferent", "persuadable", "annoyed"])


def person_ids(count: int) -> np.ndarray:
    """Names of the people in the truth: P0000000 and so on."""
    return np.array([f"P{number:07d}" for number in range(count)], dtype=object)


def write_truth(
    folder: Path,
    as_of_date: date,
    people: People,
    traits: Traits,
    history: History,
    records: Records,
    used_keys: dict[str, set[str]],
    shares: Shares,
    complaints: pa.Table,
    probabilities: Mapping[date, TrueProbabilities],
    parameters: DemoParameters,
) -> dict[str, int]:
    """Write all truth files; returns rows per file.

    `records`: source, source_key, person_id of every key in the landing zone. `people`: what a
    person is like. `referrals`: who brought whom by which share. `probabilities`: per day, person
    who had come by then, and target. `message_effects`: change of two probabilities when a message
    arrives at the end. `causes`: the failed delivery behind a rise in the chance to leave.
    `campaign_groups`: the randomised campaigns. `parameters.json`: the simulation's numbers.
    """
    ids = person_ids(len(people))
    first = history.calendar.first_day
    joined = np.array([np.datetime64(first) + int(d) for d in history.state.joined])
    tables = {
        "records": _records(ids, records, used_keys, shares),
        "people": pd.DataFrame(
            {
                "person_id": ids,
                "joined_date": joined,
                "stage": STAGES[history.state.stage],
                "persuasion": PERSUASIONS[traits.persuasion],
                "wishes_per_year": np.round(traits.wishes * 365, 6),
                "shares_per_year": np.round(traits.shares * 365, 6),
                "is_staff": traits.is_staff,
                "is_partner": traits.is_partner,
                "is_holdout": traits.is_holdout,
                "lives_with": _partners(ids, people),
            }
        ),
        "referrals": _referrals(ids, history, shares, joined),
        "probabilities": pd.concat(
            [_probabilities(ids, day, known) for day, known in sorted(probabilities.items())],
            ignore_index=True,
        ),
        "message_effects": pd.DataFrame(
            {
                "person_id": ids,
                "as_of_date": np.datetime64(as_of_date),
                "effect_on_next_purchase": probabilities[as_of_date].message_effect_on_purchase,
                "effect_on_churn": probabilities[as_of_date].message_effect_on_churn,
            }
        ),
        "causes": churn_causes(
            ids,
            history,
            _states(history, as_of_date),
            probabilities,
            complaints,
            records.keys["service"],
        ),
        "campaign_groups": _groups(ids, history, traits),
    }
    text = json.dumps(asdict(parameters), indent=2, sort_keys=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            columns = pa.Table.from_pandas(table, preserve_index=False)
            pq.write_table(columns, folder / f"{name}.parquet", compression="zstd")
        (folder / "parameters.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise KithError(
            f"{folder}: the truth needs a folder that can be written to; found: "
            f"{error.strerror or error}. Choose another landing zone, or free this folder."
        ) from error
    return {name: len(table) for name, table in tables.items()}


def _states(history: History, as_of_date: date) -> dict[date, State]:
    first = history.calendar.first_day
    earlier = {first + timedelta(days=day): state for day, state in history.earlier.items()}
    return {**earlier, as_of_date: history.state}


def _partners(ids: np.ndarray, people: People) -> list[str | None]:
    return [None if leader == NO_HOUSEHOLD else ids[leader] for leader in people.lives_with]


def _records(
    ids: np.ndarray, records: Records, used_keys: dict[str, set[str]], shares: Shares
) -> pd.DataFrame:
    rows = []
    for source in sorted(used_keys):
        owner = dict(zip(records.keys[source].tolist(), ids.tolist(), strict=True))
        owner |= {key: who for (island, key), who in shares.outsiders.items() if island == source}
        rows += [(source, key, owner[key]) for key in sorted(used_keys[source])]
    return pd.DataFrame(rows, columns=["source", "source_key", "person_id"])


def _referrals(
    ids: np.ndarray, history: History, shares: Shares, joined: np.ndarray
) -> pd.DataFrame:
    """Shares of before the history have no row in the landing zone: their id is empty."""
    came = np.flatnonzero(history.brought_by != NOBODY)
    told = [shares.share_ids.get(int(n), (None, None)) for n in history.brought_by_share[came]]
    return pd.DataFrame(
        {
            "person_id": ids[came],
            "brought_by": ids[history.brought_by[came]],
            "source": [source for source, _ in told],
            "share_id": [share for _, share in told],
            "joined_date": joined[came],
        }
    )


def _probabilities(
    ids: np.ndarray, as_of_date: date, probabilities: TrueProbabilities
) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "person_id": ids[: len(values)],
                "as_of_date": np.datetime64(as_of_date),
                "target": target,
                "horizon_days": days,
                "probability": values,
                "window_end": np.datetime64(as_of_date + timedelta(days=days)),
            }
        )
        for target, days, values in (
            ("next_purchase", NEXT_PURCHASE_DAYS, probabilities.next_purchase),
            ("churn", CHURN_DAYS, probabilities.churn),
            ("share", SHARE_DAYS, probabilities.share),
        )
    ]
    return pd.concat(parts, ignore_index=True)


def _groups(ids: np.ndarray, history: History, traits: Traits) -> pd.DataFrame:
    groups = assignments(history, traits)
    groups.insert(0, "person_id", ids[groups.pop("person").to_numpy(dtype=int)])
    return groups
