"""`make bench SIZES="1 10 50"`: what Kith costs and how that grows, as ratios within one run.

Makes landing zones of so many million order lines (kept for the next time), runs the flow on each, holds one day
against the bare work in it, one feature table against the same made with other tools, and the served trees against
LightGBM's own predict. Reports go to `<KITH_BENCH>/reports`: `bench.json`, the table `bench.md`, the pictures
`time.svg` and `memory.svg`. What is there of an earlier run stays in the JSON until it is measured anew, so that
sizes can be run one by one; each entry says what it was measured on. What it all means: docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
from bench_overhead import measure_overhead
from bench_report import SCORING, write_report
from bench_scoring import measure as measure_scoring
from flow_stages import ONLY_FOR_TRAINING, environment, measure_day, new_home, open_zone, stages
from landing_zones import CUSTOMERS, Zone, bench_folder, landing_zone
from peers import ENGINES, differences, snapshot_days
from process_tree import cost_of_tree

from ml.home import Home

PARTS = ("flow", "overhead", "peers", SCORING)
PACKAGES = (
    *("duckdb", "dbt-core", "dbt-duckdb", "lightgbm", "apache-airflow", "mlflow"),
    *("great-expectations", "splink", "pandas", "polars", "pyspark"),
)
Found = dict[str, Any]


def say(line: str) -> None:
    """A line of progress, at once."""
    print(line, flush=True)


def machine() -> Found:
    """What it was measured on; how busy others kept it at the start tells what its seconds by the clock are worth."""
    facts = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next(
        (line.split(":")[1].strip() for line in facts if line.startswith("model name")), ""
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": model or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 1),
        "versions": {name: version(name) for name in PACKAGES},
    }


def measure_flow(
    zone: Zone,
    work: Path,
    settings: Found,
    keep: Callable[[Found], None],
    keep_before: bool = False,
    until: str | None = None,
) -> Found:
    """A first day from nothing, then the last day.

    Args:
        zone: the landing zone.
        work: scratch folder; the landing zone as it came and the home stay in it.
        settings: of the home.
        keep: receives what is known so far after every stage: a large size takes hours.
        keep_before: copy the home between the two days to `work`/before.
        until: the last stage of the first day, and then no other day; both days whole when absent.
    """
    shutil.rmtree(work, ignore_errors=True)
    landing, home = work / "landing", work / "home"
    new_home(home, settings)
    came = open_zone(zone, landing)
    found: Found = {"machine": machine(), "zone": zone.as_json(), "settings": settings}

    def measure(name: str, day: date, *how: Any) -> None:
        found[name] = {}
        for stage, cost in measure_day(landing, home, day, say, *how):
            found[name][stage] = cost.as_json()
            keep(found)

    say(f"{zone.rows['order_lines']:,} order lines: the first day, from nothing")
    measure("rebuild", zone.end - timedelta(days=1), (), until)
    found["disk"] = bytes_on_disk(home)
    if until is None:
        found["snapshots"] = _snapshots(home)
        if keep_before:
            shutil.copytree(home, work / "before")
        came()
        say("  the next day")
        measure("day", zone.end, ONLY_FOR_TRAINING)
    return found


def bytes_on_disk(home: Path) -> dict[str, int]:
    """What a home holds after a day: the raw layer, the warehouse, the models, what is published."""
    place = Home(home)
    parts = {"raw layer": place.raw, "models": place.mlflow, "published": place.published}
    found = {
        name: sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        for name, folder in parts.items()
    }
    return {"warehouse": place.database.stat().st_size, **found}


def _snapshots(home: Path) -> int:
    """Days whose features a rebuild makes: the cut-offs and its own."""
    with duckdb.connect(str(Home(home).database), read_only=True) as connection:
        plan = "select count(distinct as_of_date) from control.training_plan"
        return int(connection.execute(plan).fetchall()[0][0]) + 1


def measure_peers(zone: Zone, work: Path) -> Found:
    """The feature table of twelve days by every engine, each in a process of its own, with the same results."""
    work.mkdir(parents=True, exist_ok=True)
    found: Found = {"machine": machine(), "zone": zone.as_json(), "engines": {}}
    orders, script = zone.landing / "orders", Path(__file__).with_name("peers.py")
    for engine in ENGINES:
        out = work / f"{engine}.parquet"
        shutil.rmtree(out, ignore_errors=True)
        out.unlink(missing_ok=True)
        command = [sys.executable, str(script), engine, str(orders), zone.end.isoformat(), str(out)]
        found["engines"][engine] = cost_of_tree(
            command, work / "peers.log", environment()
        ).as_json()
        rows, unlike = differences(work / "kith.parquet", out)
        if not rows or unlike:
            raise SystemExit(f"{engine}: {unlike} of {rows} rows are not Kith's; see {out}.")
        say(f"  {engine}: {found['engines'][engine]}")
    found |= {"rows": rows, "days": [day.isoformat() for day in snapshot_days(zone.end)]}
    shutil.rmtree(work)
    return found


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What is to be measured, as the command line says it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--sizes", default="1 10 50", help="millions of order lines, such as '1 10 50'"
    )
    parser.add_argument("--parts", default=" ".join(PARTS), help=f"some of: {', '.join(PARTS)}")
    parser.add_argument(
        "--customers", type=int, default=CUSTOMERS, help="of the demo brand that is copied"
    )
    parser.add_argument("--memory-limit", default="4GB", help="DuckDB's, a setting of the homes")
    parser.add_argument("--training-rows", type=int, help="the setting max_training_rows")
    parser.add_argument(
        "--until", choices=stages(), help="the last stage of the first day; no other day then"
    )
    given = parser.parse_args(arguments)
    given.parts = given.parts.split()
    given.sizes = sorted(float(size) for size in given.sizes.split())
    if "overhead" in given.parts and ("flow" not in given.parts or given.until):
        parser.error(
            "overhead is held against the flow of the same day, whole: ask for both, --parts 'flow overhead'"
        )
    if "overhead" in given.parts and not Path(sys.executable).with_name("kith").exists():
        parser.error(
            f"overhead is measured through Airflow, whose tasks call `kith`; none beside {sys.executable}"
        )
    return given


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for and write the reports."""
    given = _asked(arguments)
    folder = bench_folder()
    reports = folder / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    store = reports / "bench.json"
    found: Found = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {}
    settings: Found = {"memory_limit": given.memory_limit}
    if given.training_rows:
        settings["max_training_rows"] = given.training_rows

    def keep(place: Found, part: str, measured: Found) -> None:
        place[part] = measured
        store.write_text(json.dumps(found, indent=1), encoding="utf-8")

    for size in given.sizes:
        zone = landing_zone(round(size * 1e6), folder, given.customers)
        work = folder / "work" / f"{size:g}"
        place = found.setdefault(f"{size:g}", {})
        with_overhead = "overhead" in given.parts and size == given.sizes[0]
        if "flow" in given.parts:
            keep_flow = partial(keep, place, "flow")
            flow = measure_flow(zone, work, settings, keep_flow, with_overhead, given.until)
            if with_overhead:
                flow["overhead"] = measure_overhead(
                    flow["day"], work / "before", work / "landing", zone.end, work, say
                )
            keep_flow(flow)
            shutil.rmtree(work)
        if "peers" in given.parts:
            say(f"{zone.rows['orders']:,} orders: one feature table, four ways")
            keep(place, "peers", measure_peers(zone, work))
    if SCORING in given.parts:
        say("100,000 rows: trees as tables against LightGBM")
        keep(found, SCORING, {"machine": machine(), **measure_scoring()})
    print(write_report(found, reports))


if __name__ == "__main__":
    main()
