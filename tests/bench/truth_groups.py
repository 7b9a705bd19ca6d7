"""Whose truth a score is held against: people of the truth and customers of Kith, brought together.

Kith scores customers, which are sets of records; the truth knows people. Where identity erred, one
person is several customers or one customer several people. Records that belong together by the
truth or by Kith form a group, and both sides are asked the same of it: will any of them act?
Most groups are one person who is one customer; they are called whole.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def groups_of(truth_records: pd.DataFrame, identity_map: pd.DataFrame) -> pd.DataFrame:
    """Group every person and customer: group, person_id, customer_id, one row per pair.

    Both frames have source and source_key; records that only one of them knows are left out.
    """
    pairs = truth_records.merge(identity_map, on=["source", "source_key"])
    pairs = pairs[["person_id", "customer_id"]].drop_duplicates(ignore_index=True)
    person, people = pd.factorize(pairs["person_id"])
    customer, customers = pd.factorize(pairs["customer_id"])
    size = len(people) + len(customers)
    ends = (person, customer + len(people))
    graph = coo_array((np.ones(len(pairs)), ends), shape=(size, size))
    pairs["group"] = connected_components(graph, directed=False)[1][person]
    return pairs


def chance_of_group(members: pd.DataFrame, probability: str, all_must: bool) -> pd.Series:
    """Chance by group that any member acts or, for silence (`all_must`), that all are silent.

    ``members`` has group and a column of chances, each member once. Members act independently of
    each other once what they are like is given; nobody's silence depends on another's.
    """
    chance = members[probability].to_numpy(dtype=float)
    silent = chance if all_must else 1 - chance
    # A product by logarithms, as groupby().prod() of thousands of small groups is slow.
    logs = pd.Series(np.log(np.maximum(silent, 1e-300)), index=members["group"])
    together = np.exp(logs.groupby(level=0).sum())
    return together if all_must else 1 - together


def side_by_side(
    groups: pd.DataFrame, truth: pd.DataFrame, scores: pd.DataFrame, all_must: bool
) -> pd.DataFrame:
    """By group: truth, one column per approach of ``scores``; how many people and customers.

    ``truth`` has person_id and probability; ``scores`` customer_id and one column per approach.
    Customers without a score are taken to do nothing: nobody asked about them, as they had no
    order lately. People whom the truth gives no probability (friends who only receive) do nothing.
    """
    scored = groups[groups["customer_id"].isin(scores["customer_id"])]
    groups = groups[groups["group"].isin(scored["group"])]
    people = groups.drop_duplicates("person_id").merge(truth, on="person_id", how="left")
    people["probability"] = people["probability"].fillna(1.0 if all_must else 0.0)
    customers = scored.drop_duplicates("customer_id").merge(scores, on="customer_id")
    table = {"truth": chance_of_group(people, "probability", all_must)}
    for approach in scores.columns.drop("customer_id"):
        table[approach] = chance_of_group(customers, approach, all_must)
    table["people"] = groups.groupby("group")["person_id"].nunique()
    table["customers"] = groups.groupby("group")["customer_id"].nunique()
    table["scored"] = customers.groupby("group").size()
    return pd.DataFrame(table)
