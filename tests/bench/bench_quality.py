"""How good are the predictions? `make bench-quality`, or `python tests/bench/bench_quality.py --data DIR`.

Every task is played as a brand would: import, one run on the day, what came true known later; one
configuration for all, nothing chosen on the window that is judged. Beside Kith stand the models an
analyst would try first. The demo brand adds what no real data can: the true probabilities.

Prints Markdown and stores the same figures as JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from quality_baselines import baselines
from quality_cases import CASES, Case, Goal, play
from quality_demo import calibration_by_slice, demo_day, gap_closed, play_demo
from quality_figures import figures

from ml.data.targets import read_targets

COLUMNS = {
    "contender": "",
    "auc": "AUC",
    "auc_lead": "Kith leads by",
    "interval": "95 % interval",
    "average_precision": "PR-AUC",
    "log_loss": "log-loss",
    "brier": "Brier",
    "ece": "ECE",
    "lift_top_decile": "lift, top tenth",
}
NOT_WORSE = -0.003


def judge_case(
    case: Case, data: Path, work: Path, report: Callable[[str], None]
) -> list[pd.DataFrame]:
    """Play one case; figures of every group of people, with their goals said."""
    played = play(case, data, work, report)
    wanted = case.target
    contenders = baselines(
        played.features,
        played.labels,
        played.histories,
        played.today,
        wanted.name,
        wanted.horizon_days,
    ).assign(Kith=played.today["probability"])
    told = []
    for group, chosen in played.groups().items():
        table = figures(played.today.loc[chosen, "label"], contenders[chosen])
        told.append(table.assign(case=case.title, group=group))
    return told


def verdict(table: pd.DataFrame, goal: Goal) -> dict[str, object]:
    """Whether a goal is reached: the least AUC, the most log-loss, and no clear loss to the best baseline."""
    kith = table[table["contender"] == "Kith"].iloc[0]
    rivals = table[table["contender"] != "Kith"]
    best = rivals.loc[rivals["auc"].idxmax()]
    return {
        "goal": f"AUC ≥ {goal.auc:.3f}"
        + (f", log-loss ≤ {goal.log_loss:.3f}" if goal.log_loss else ""),
        "reached": bool(
            kith["auc"] >= goal.auc and (not goal.log_loss or kith["log_loss"] <= goal.log_loss)
        ),
        "best_baseline": best["contender"],
        "lead_lower_80": best["lead_lower_80"],
        "not_worse": bool(best["lead_lower_80"] >= NOT_WORSE),
    }


def real(data: Path, work: Path, report: Callable[[str], None]) -> list[dict[str, object]]:
    """Every case on public data: printed as it is done, given for storing."""
    stored: list[dict[str, object]] = []
    for case in CASES:
        for table, goal in zip(judge_case(case, data, work, report), case.goals, strict=True):
            found = verdict(table, goal)
            print(_case_text(case, goal, table, found), flush=True)
            stored.append(
                {
                    "case": case.title,
                    "group": goal.group,
                    **found,
                    "contenders": table.to_dict("records"),
                }
            )
    return stored


def demo(customers: int, work: Path, report: Callable[[str], None]) -> list[dict[str, object]]:
    """The demo brand against its truth, target by target."""
    run, truth = play_demo(customers, work, report)
    stored: list[dict[str, object]] = []
    for target in read_targets():
        day = demo_day(run, truth, target)
        slices = calibration_by_slice(day)
        for title, whole in (("everybody", False), ("one person who is one customer", True)):
            found = gap_closed(day, whole)
            print(f"### Demo brand, {target.key}, {title}\n")
            print(_markdown(pd.DataFrame([found]).T.reset_index().set_axis(["", "value"], axis=1)))
            stored.append({"case": f"demo {target.key}", "group": title, **found})
        print(
            f"Calibration test, {target.key}: {slices['passed'].sum()} of {len(slices)} slices pass\n"
        )
        print(_markdown(slices), flush=True)
        stored.append({"case": f"demo {target.key}", "slices": slices.to_dict("records")})
    return stored


def _case_text(case: Case, goal: Goal, table: pd.DataFrame, found: dict[str, object]) -> str:
    kith = table.iloc[-1]
    shown = table.assign(
        interval=[
            "" if name == "Kith" else f"{low:+.4f} to {high:+.4f}"
            for name, low, high in zip(
                table["contender"], table["lead_lower_95"], table["lead_upper_95"], strict=True
            )
        ]
    )
    reached = "reached" if found["reached"] else "missed"
    return (
        f"### {case.title}, {case.target.horizon_days} days from {case.day}, {goal.group}\n\n"
        f"n {kith['rows']:,.0f}, base rate {kith['base_rate']:.3f}; goal {found['goal']}: {reached}; "
        f"against {found['best_baseline']} the lower 80 % bound is {found['lead_lower_80']:+.4f}\n\n"
        + _markdown(shown[list(COLUMNS)].rename(columns=COLUMNS))
    )


def _markdown(table: pd.DataFrame) -> str:
    cells = [
        [f"{value:.4f}" if isinstance(value, float) else str(value) for value in row]
        for row in table.itertuples(index=False)
    ]
    head = [str(name) for name in table.columns]
    lines = [head, ["---"] * len(head), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, help="folder of the public data; without it only the demo brand"
    )
    parser.add_argument(
        "--customers", type=int, default=20_000, help="of the demo brand; 0: leave it out"
    )
    parser.add_argument("--store", type=Path, default=Path("home/reports/quality.json"))
    parser.add_argument("--work", type=Path, help="keep landing zones and homes in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kith-quality-") as aside:
        work = options.work or Path(aside)
        work.mkdir(parents=True, exist_ok=True)
        log = (work / "log.txt").open("a", encoding="utf-8")

        def report(line: str) -> None:
            print(line, file=log, flush=True)

        stored = real(options.data, work, report) if options.data else []
        if options.customers:
            stored += demo(options.customers, work, report)
    options.store.parent.mkdir(parents=True, exist_ok=True)
    options.store.write_text(json.dumps(stored, indent=1, default=float) + "\n", encoding="utf-8")
    print(f"stored: {options.store}")


if __name__ == "__main__":
    main()
