"""Consents: asked for when a record is opened, changed later, withdrawn by unsubscribing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.data.demo.instants import DAY, Clock
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.process import UNREACHABLE
from ml.data.demo.records import Records
from ml.data.demo.simulate import History
from ml.data.demo.traits import CONSENT_SOURCES, Traits

Ints = npt.NDArray[np.int64]
PURPOSES = ("profiling", "email", "sms", "push", "ad_user_data", "ad_personalization")
CONSENT_SHARE = {"sms": 0.3, "push": 0.4, "ad_user_data": 0.5, "ad_personalization": 0.35}


def consent_rows(
    records: Records, traits: Traits, history: History, p: DemoParameters, rng: np.random.Generator
) -> pd.DataFrame:
    """Consents asked for when a record is opened, changes of mind, and unsubscriptions."""
    parts = []
    count = len(traits.wishes)
    wants_mail = traits.is_reachable | (traits.is_holdout & (rng.random(count) < p.email_consent))
    grants = {purpose: rng.random(count) < CONSENT_SHARE.get(purpose, 1.0) for purpose in PURPOSES}
    grants["email"] = wants_mail
    grants["profiling"] = rng.random(count) >= p.profiling_refused
    left_at = _left_at(traits, history, records.clock)
    for source in CONSENT_SOURCES:
        who = records.holders(source)
        opened = records.since[source][who]
        for purpose in PURPOSES:
            if purpose == "push" and source != "app":
                continue
            granted = grants[purpose][who] & ((purpose != "email") | (opened < left_at[who]))
            parts.append(_consents(records, source, who, purpose, granted, opened))
            if purpose not in ("email", "profiling"):
                changes = rng.random(len(who)) < 0.04
                later = opened[changes] + rng.integers(DAY, 700 * DAY, int(changes.sum()))
                parts.append(
                    _consents(records, source, who[changes], purpose, ~granted[changes], later)
                )
    parts += _withdrawals(records, history, grants, rng)
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
    records: Records,
    history: History,
    grants: dict[str, npt.NDArray[np.bool_]],
    rng: np.random.Generator,
) -> list[pd.DataFrame]:
    """Those who unsubscribed from a campaign, and a few who refuse profiling later on."""
    contacts = history.logs["contacts"]
    out = contacts["unsubscribed"] == 1
    who, when = (
        contacts["person"][out],
        contacts["day"][out] * DAY + rng.integers(12 * 3600, DAY, int(out.sum())),
    )
    parts = []
    refuses = np.flatnonzero(grants["profiling"] & (rng.random(len(grants["profiling"])) < 0.01))
    for source in CONSENT_SOURCES:
        here = records.since[source][who] < when
        parts.append(
            _consents(records, source, who[here], "email", np.zeros(here.sum(), bool), when[here])
        )
        some = np.intersect1d(refuses, records.holders(source))
        later = records.since[source][some] + rng.integers(30 * DAY, 600 * DAY, len(some))
        parts.append(
            _consents(records, source, some, "profiling", np.zeros(len(some), bool), later)
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
