"""What the plan knows of each customer: from the published version, the steps before it, and the contacts so far."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.activate.channels import PEACE_AUDIENCE
from ml.activate.plan.contacts import Contacts
from ml.activate.plan.declarations import Declarations
from ml.activate.plan.members import members
from ml.activate.tables import RECOMMENDATIONS, UPLIFT
from ml.data.sql_text import literal
from ml.data.warehouse import connect_in_memory, frame
from ml.home import Home
from ml.serve.versions import Version

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# What an effect is on, and how the table of effects names that outcome.
# Half a 95 % interval in standard errors.
INTERVAL = 1.96
OUTCOMES = {"buying": "purchase", "leaving": "churn", "refusing": "refusal"}


@dataclass(frozen=True)
class Effects:
    """What a message on one channel changes per customer, NaN where nobody measured it by randomised contacts.

    ``buying``, ``leaving`` and ``refusing`` (unsubscribing or complaining) are changes of chances, ``doubt`` is the
    standard error of that of buying, ``is_driven_off`` marks whom a message keeps from buying, or drives away.
    """

    buying: Floats
    doubt: Floats
    leaving: Floats
    refusing: Floats
    is_driven_off: Flags


@dataclass(frozen=True)
class Facts:
    """One element per customer, ordered by ``customers.customer_id``; dictionaries hold one array per key.

    ``customers`` is a frame with customer_id, may_profile, probability, order_value, yearly_amount, stays, country,
    phone and category. ``listed`` are the people of an audience, ``treated`` those of them who are not held out.
    ``consents`` by purpose; ``refused`` by channel; ``contacts`` by channel and period: days with a contact.
    ``rates`` are counts by channel, kind of reader x (contacts, unsubscribed, complained); ``readers`` is
    everybody's kind by channel.
    """

    customers: pd.DataFrame
    listed: dict[str, Ints]
    treated: dict[str, Ints]
    consents: dict[str, Flags]
    in_peace: Flags
    refused: dict[str, Flags]
    contacts: dict[tuple[str, int], Ints]
    rates: dict[str, Ints]
    readers: dict[str, Ints]
    effects: dict[str, Effects]
    items: pd.DataFrame
    missing: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.customers)


def read_facts(home: Home, version: Version, declared: Declarations) -> Facts:
    """Read everything for the version's day.

    Raises:
        KithError: the warehouse was built for another day, so that nobody can say who was written to lately.
    """
    folder = home.published / "versions" / version.name
    decisions = home.activation_version(version.name)
    missing: list[str] = []
    with connect_in_memory(home) as connection:
        customers = _customers(connection, folder, declared)
        place = pd.Series(np.arange(len(customers)), index=customers["customer_id"])
        listed, treated = members(connection, folder, place, missing)
        effects = _effects(connection, decisions / UPLIFT, place, missing)
        with_former = _with_former_ids(connection, folder, place)
        items = _items(connection, decisions / RECOMMENDATIONS, place, missing)
    consents = {
        rules.consent: customers.pop(f"consent_{rules.consent}").to_numpy(dtype=bool)
        for rules in {rules.consent: rules for rules in declared.channels.values()}.values()
    }
    contacts = Contacts.read(home, version.as_of_date, declared)
    in_peace = np.zeros(len(customers), dtype=bool)
    in_peace[listed.get(PEACE_AUDIENCE, np.empty(0, dtype=np.int64))] = True
    return Facts(
        customers=customers,
        listed=listed,
        treated=treated,
        consents=consents,
        in_peace=in_peace,
        refused=contacts.refused(place),
        contacts=contacts.counts(with_former, len(customers)),
        rates=contacts.rates,
        readers=contacts.kinds(place),
        effects=effects,
        items=items,
        missing=tuple(missing),
    )


def _customers(
    connection: duckdb.DuckDBPyConnection, folder: Path, declared: Declarations
) -> pd.DataFrame:
    purposes = sorted({rules.consent for rules in declared.channels.values()})
    asked = "".join(
        f", coalesce(consent_{purpose}, false) as consent_{purpose}" for purpose in purposes
    )
    return frame(
        connection,
        f"""
        select customer_id, coalesce(consent_profiling, true) as may_profile,
            next_purchase_probability as probability,
            -- The amount to expect of the window counts the chance that nothing comes.
            cast(coalesce(
                next_order_expected_amount / nullif(next_purchase_probability, 0),
                orders_amount / nullif(orders_count, 0)
            ) as double) as order_value,
            coalesce(cast(orders_amount_365d as double), 0) as yearly_amount,
            1 - coalesce(churn_probability, 0) as stays, country, phone, likely_category_1 as category{asked}
        from read_parquet({literal(folder / "customers.parquet")}) order by customer_id
        """,
    )


def _with_former_ids(
    connection: duckdb.DuckDBPyConnection, folder: Path, place: pd.Series[int]
) -> pd.Series[int]:
    """The places of today's customers, also under the ids that merges retired: old logs speak of those."""
    found = place.to_dict()
    merges = connection.execute(
        f"select retired_id, surviving_id from read_parquet({literal(folder / 'customer_merges.parquet')}) "
        "order by merged_at desc, retired_id"
    ).fetchall()
    # The newest first: who survived an older merge may have been retired since.
    for retired, surviving in merges:
        if surviving in found:
            found.setdefault(retired, found[surviving])
    return pd.Series(found, dtype=np.int64)


def _effects(
    connection: duckdb.DuckDBPyConnection, path: Path, place: pd.Series[int], missing: list[str]
) -> dict[str, Effects]:
    if not path.exists():
        missing.append(
            "the table of effects (`kith uplift`): every effect is assumed, none is measured"
        )
        return {}
    # One refusal rate for everybody says less than the channel's own rates by kind of reader.
    rows = frame(
        connection,
        f"""
        select customer_id, channel, outcome, effect, segment,
            (effect_high - effect_low) / (2 * {INTERVAL}) as doubt
        from read_parquet({literal(path)})
        where is_causal and effect is not null
            and (outcome <> {literal(OUTCOMES["refusing"])} or reason_code is null)
        order by channel, outcome, customer_id
        """,
    )
    rows["place"] = rows["customer_id"].map(place)
    rows = rows.dropna(subset=["place"]).astype({"place": np.int64})
    if rows.empty:
        missing.append("a measured effect: none of the contacts so far was randomised well enough")
    found = {}
    for channel, part in rows.groupby("channel", sort=True):
        changes = {name: np.full(len(place), np.nan) for name in OUTCOMES}
        for name, outcome in OUTCOMES.items():
            told = part[part["outcome"] == outcome]
            changes[name][told["place"]] = told["effect"]
        bought = part[part["outcome"] == OUTCOMES["buying"]]
        doubt = np.full(len(place), np.nan)
        doubt[bought["place"]] = bought["doubt"]
        driven = np.zeros(len(place), dtype=bool)
        harmed = (part["segment"] == "sleeping_dog") & part["outcome"].isin(
            [OUTCOMES["buying"], OUTCOMES["leaving"]]
        )
        driven[part.loc[harmed, "place"]] = True
        found[str(channel)] = Effects(**changes, doubt=doubt, is_driven_off=driven)
    return found


def _items(
    connection: duckdb.DuckDBPyConnection, path: Path, place: pd.Series[int], missing: list[str]
) -> pd.DataFrame:
    """The item to show to each customer: item and title by place; those without a recommendation are left out."""
    if not path.exists():
        missing.append(
            "recommendations (`kith recommend`): the likeliest category stands in for them"
        )
        return pd.DataFrame({"item": pd.Series(dtype=str)}, index=pd.Index([], dtype=np.int64))
    rows = frame(
        connection,
        f"select customer_id, item from read_parquet({literal(path)}) where place = 1 order by customer_id",
    )
    rows.index = pd.Index(rows["customer_id"].map(place))
    return rows.loc[rows.index.notna(), ["item"]]
