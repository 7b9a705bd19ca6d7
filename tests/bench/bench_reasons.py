"""Is the planted cause of a rise in churn among the three reasons?

`python tests/bench/bench_reasons.py --home HOME --landing LANDING`, after `kith run` on a demo landing zone, on the
day its truth ends. The truth names everybody whom a failed delivery grieves on that day, what it adds to their
chance to leave, and whether they complained. Half of them say nothing, so nothing that the brand knows tells of their
grief; they are counted and left out. Of those who complained, it is counted how many are told anything of the family
of complaints and service requests. A reason that tells everybody so would not be one: the share of all other
scored customers who are told it, too, stands beside it.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pandas as pd
from truth_groups import groups_of

from ml.data.demo import default_truth_folder
from ml.home import Home
from ml.serve.versions import Versions

TARGET = "churn"
REASONS = ["reason_1", "reason_2", "reason_3"]
# What service phrases say, in any of their forms; the words of other families have none of it.
OF_THE_CAUSE = re.compile(r"\b(?:complaint|complained|service)")
GOAL = 0.8


def told_the_cause(scores: pd.DataFrame) -> pd.Series:
    """Whether any of the three reasons speaks of a complaint or a service request that happened."""
    spoken = [
        scores[reason].str.contains(OF_THE_CAUSE) & ~scores[reason].str.contains(r"^(?:but )?no\b")
        for reason in REASONS
    ]
    return pd.concat(spoken, axis=1).any(axis=1)


def affected(
    causes: pd.DataFrame, records: pd.DataFrame, people: pd.DataFrame, scores: pd.DataFrame
) -> pd.DataFrame:
    """The people with a cause who are one scored customer, alone in it: truth and score side by side."""
    groups = groups_of(records, people)
    sizes = groups.groupby("group")[["person_id", "customer_id"]].nunique()
    whole = groups[groups["group"].isin(sizes.index[(sizes == 1).all(axis=1)])]
    return causes.merge(whole, on="person_id").merge(
        scores, on="customer_id", suffixes=("_true", "")
    )


def report(found: pd.DataFrame, scores: pd.DataFrame, everybody: int) -> list[str]:
    """The figures as Markdown."""
    said = found[found["complained_at"].notna()]
    others = scores[~scores["customer_id"].isin(found["customer_id"])]
    rise = said["probability_true"] - said["probability_without"]
    is_likely = said["probability"] >= said["base_rate"]
    lines = [
        f"{everybody:,} people are grieved by a failed delivery; {len(found):,} of them are one scored customer, and "
        f"{len(said):,} of these complained. It adds {rise.mean():.3f} to their true chance to leave, on average.",
        "",
        "| who | customers | told the cause |",
        "|---|---|---|",
    ]
    parts = {
        "complained": said,
        "complained, score above the usual": said[is_likely],
        "complained, score below the usual": said[~is_likely],
        "complained, and it adds at least 0.05": said[rise >= 0.05],
        "grieved and silent": found[found["complained_at"].isna()],
        "everybody else": others,
    }
    for who, rows in parts.items():
        share = f"{told_the_cause(rows).mean():.0%}".replace("%", " %") if len(rows) else "–"
        lines.append(f"| {who} | {len(rows):,} | {share} |")
    reached = told_the_cause(said).mean() >= GOAL if len(said) else False
    return [
        *lines,
        "",
        f"Goal {GOAL:.0%} of those who complained: {'reached' if reached else 'missed'}.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--landing", type=Path, required=True)
    parser.add_argument("--truth", type=Path, help="where the truth lies, if not beside --landing")
    options = parser.parse_args()
    truth = options.truth or default_truth_folder(options.landing)
    home = Home(options.home.resolve())
    version = Versions(home).current()
    if version is None:
        raise SystemExit(f"{home.root}: nothing is published; run `kith run` first.")
    folder = home.published / "versions" / version.name
    scores = pd.read_parquet(folder / "customer_scores.parquet")
    scores = scores[(scores["target"] == TARGET) & (scores["status"] == "scored")]
    people = pd.read_parquet(folder / "identity_map.parquet")
    people = people[people["valid_to"].isna()]
    causes = pd.read_parquet(truth / "causes.parquet")
    causes = causes[causes["as_of_date"] == pd.Timestamp(version.as_of_date)]
    if causes.empty or scores.empty:
        raise SystemExit(f"{truth} names no cause on {version.as_of_date}, or nobody is scored.")
    records = pd.read_parquet(truth / "records.parquet")
    found = affected(causes, records, people, scores)
    print(*report(found, scores, len(causes)), sep="\n")


if __name__ == "__main__":
    main()
