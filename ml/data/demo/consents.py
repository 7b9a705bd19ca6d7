"""Consents: asked for when a record is opened, changed later, withdrawn by unsubscribing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.data.demo.history import History
from ml.data.demo.instants import DAY, Clock
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.process import UNREACHABLE
from ml.data.demo.records import Records
from ml.data.demo.traits import CONSENT_SOURCES, Traits

Ints = npt.NDArray[np.int64]


def consent_rows(
    records: Records, traits: Traits, history: History, p: DemoParameters, rng: np.random.Generator
) -> pd.DataFrame:
    """Consents asked for when a record is opened, changes of mind, and unsubscriptions."""
    parts = []
    count = len(traits.wishes)
    wants_mail = traits.is_reachable | (
        traits.is_holdout & (rng.random(count) < p.consents["email"])
    )
    grants = {purpose: rng.random(count) < share for purpose, share in p.consents.items()}
    grants["email"] = wants_mail
    left_at = _left_at(traits, history, records.clock)
    for source in CONSENT_SOURCES:
        who = records.holders(source)
        opened = records.since[source][who]
        for purpose in p.consents:
            if purpose == "push" and source != "app":
                continue
            granted = grants[purpose][who] & ((purpose != "email") | (opened < left_at[who]))
            parts.append(_consents(records, source, who, purpose, granted, opened))
            if purpose != "email":
                changes = rng.random(len(who)) < p.consent_changes
                later = opened[changes] + rng.integers(DAY, 700 * DAY, int(changes.sum()))
                parts.append(
                    _consents(records, source, who[changes], purpose, ~granted[changes], later)
                )
    parts += _withdrawals(records, history, rng)
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["occurred_at"] < records.clock.end_second].reset_index(drop=True)


def _left_at(traits: Traits, history: History, clock: Clock) -> Ints:
    """When each person unsubscribed (seconds): before the history, in it, or far in the future."""
    contacts = history.logs["contacts"]
    out = contacts["unsubscribed"] == 1
    left_at = np.full(len(traits.wishes), clock.end_second + DAY)
    left_at[traits.is_reachable & (history.state.reach == UNREACHABLE)] = -(10**9)
    left_at[contacts["person"][out]] = contacts["day"][out] * DAY
    return left_at


def _withdrawals(
    records: Records, history: History, rng: np.random.Generator
) -> list[pd.DataFrame]:
    """Those who unsubscribed from a campaign, in every island that may write to them."""
    contacts = history.logs["contacts"]
    out = contacts["unsubscribed"] == 1
    who, when = (
        contacts["person"][out],
        contacts["day"][out] * DAY + rng.integers(12 * 3600, DAY, int(out.sum())),
    )
    parts = []
    for source in CONSENT_SOURCES:
        here = records.since[source][who] < when
        parts.append(
            _consents(records, source, who[here], "email", np.zeros(here.sum(), bool), when[here])
        )
    return parts


def _consents(
    records: Records,
    source: str,
    who: Ints,
    purpose: str,
    granted: npt.NDArray[np.bool_],
    when: Ints,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": source,
            "source_key": records.key(source, who),
            "purpose": purpose,
            "granted": granted,
            "occurred_at": when,
        }
    )
