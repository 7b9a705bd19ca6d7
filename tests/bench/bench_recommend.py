"""How good offers would have been, on built homes, and what they cost at a size.

    python -m tests.bench.bench_recommend quality HOME DAY [HOME DAY ...]
    python -m tests.bench.bench_recommend scale [--customers 1000000 --products 50000 --looks 50000000 --lines 20000000]

`quality` reads warehouses that `kith build` made, with one configuration for all, and writes nothing. `scale` makes up
the facts of a brand and prints seconds and memory of each part.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np

from ml.activate.recommend.choose import choose
from ml.activate.recommend.facts import read_bought_next, read_history
from ml.activate.recommend.methods import FIXED
from ml.activate.recommend.offer import Question, offered, plan_offers
from ml.activate.recommend.quality import METRICS
from ml.activate.recommend.queries import PRODUCT
from ml.activate.recommend.ranking import Offers
from ml.activate.recommend.tables import OFFER_COLUMNS, write_table
from ml.data.warehouse import connect
from ml.home import Home
from ml.run import Run, RunState
from tests.activate.recommend.shops import Shop, question

TODAY = date(2025, 7, 1)


def quality(home: Path, day: date) -> None:
    """Print how every method did on the judged window of a home built for a day."""
    run = Run.of(home, home, day)
    state = RunState(run).require("events", "build")
    first = date.fromisoformat(str(state["first_fact"]))
    complete = day - timedelta(days=int(str(state["label_lag_days"])))
    asked = Question.of(run.home.settings, day, first, complete)
    with connect(Home(home), read_only=True) as connection:
        plan = plan_offers(connection, asked)
    if plan.choice is None or plan.choice.judged is None:
        print(f"{home} {day}: nothing judged: {plan.reason}")
        return
    window, chosen = plan.choice.judged, plan.choice.method.name
    print(
        f"{home} {day}: {plan.kind}, window {window.start} to {window.end}, {window.customers} people"
    )
    print(f"chosen: {chosen} ({plan.reason}); weights {dict(plan.choice.method.weights)}")
    for method in plan.choice.methods:
        judged, name = window.judged, method.name
        told = [f"{m} {judged.values[name, m]:.4f}" for m in METRICS]
        low, high = judged.interval(name, "hit_rate_3")
        over = [judged.gain(name, rule, "ndcg_10") for rule in ("popularity", "bought_before")]
        gains = "; ".join(f"{g:+.4f} ({lo:+.4f} to {hi:+.4f})" for g, lo, hi in over)
        mark = "*" if name == chosen else " "
        print(
            f"{mark} {name:16s} {', '.join(told)}; hit_rate_3 {low:.3f} to {high:.3f}; ndcg over rules {gains}"
        )


def scale(customers: int, products: int, looks: int, lines: int, threads: int) -> None:
    """Make up a brand of this size and print what each part costs."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Shop().warehouse(Path(folder) / "made_up.duckdb") as connection,
    ):
        connection.execute(f"set threads = {threads}; set memory_limit = '4GB'")
        connection.execute(f"set temp_directory = '{folder}/spill'")
        with _timed("made up"):
            _make_up(connection, customers, products, looks, lines)
        _measure(connection, threads, Path(folder))


def _measure(connection: duckdb.DuckDBPyConnection, threads: int, folder: Path) -> None:
    asked = question(threads=threads)
    with _timed("read one day"):
        history = read_history(connection, TODAY, TODAY, PRODUCT)
    print(
        f"  {len(history.customers):,} customers, {len(history.items):,} products, {len(history.pairs):,} pairs"
    )
    with _timed("read what was bought next"):
        read_bought_next(connection, history, TODAY, 30)
    with _timed("prepare the day"):
        offers = Offers.of(history, asked.rules, threads)
    for name in ("bm25", "tfidf", "als", "bpr"):
        with _timed(f"fit {name}"):
            offers.signs.model(name)
    everybody = history.customers
    for method in FIXED:
        if method.name in ("bought_before", "bm25", "repeat_and_als", "broad_bm25"):
            some = everybody[: min(len(everybody), 100_000)]
            with _timed(f"offers with reasons for {len(some):,} people, {method.name}"):
                write_table(
                    folder / "offers.parquet", OFFER_COLUMNS, offered(offers, method.weights, some)
                )
    del history, offers
    with _timed("learn, choose and judge"):
        choice = choose(asked.past(connection, PRODUCT), asked.starts())
    print(f"  {choice.method.name}: {choice.reason}")


def _make_up(
    connection: duckdb.DuckDBPyConnection, customers: int, products: int, looks: int, lines: int
) -> None:
    """Facts of two years; people lean to one of 50 shelves, and popular things are popular."""
    thing = f"cast(floor({products} * pow(hash(i * 7 + {{salt}}) % 1000000 / 1e6, 3)) as bigint)"
    connection.execute("insert into seeds.journey_kinds values ('view', 'interest')")
    connection.execute(
        "insert into identity.customer_map "
        f"select i, printf('c%08d', i), date '2000-01-01', null from range({customers}) r(i)"
    )
    connection.execute(
        "insert into events.dim_products select 'p' || i, 'product ' || i, 'shelf ' || i % 50, "
        f"'brand ' || i % 97, timestamp '2020-01-01' from range({products}) r(i)"
    )
    connection.execute(
        "insert into events.product_categories select product_id, category from events.dim_products"
    )
    for table, count, salt in (("lines", lines, 1), ("looks", looks, 2)):
        who = f"hash(i * 3 + {salt}) % {customers}"
        connection.execute(
            f"create temp table {table} as select i, {who} as who, "
            f"'p' || ({thing.format(salt=salt)} // 50 * 50 + {who} % 50) % {products} as thing, "
            f"timestamp '2025-07-01' - interval 1 hour * cast(1 + hash(i * 5 + {salt}) % 17000 as integer) as done "
            f"from range({count}) r(i)"
        )
    connection.execute(
        "insert into events.fct_orders select 'web', cast(i as varchar), who, 'completed', done, "
        "done + interval 1 day, null from lines"
    )
    connection.execute(
        "insert into events.fct_order_lines select 'web', cast(i as varchar), thing, 1 from lines"
    )
    connection.execute(
        "insert into events.fct_interactions select who, 'view', thing, done, done + interval 1 day from looks"
    )
    connection.execute("drop table lines")
    connection.execute("drop table looks")


@contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{what}: {time.perf_counter() - began:.1f} s, peak so far {peak:.1f} GB", flush=True)


def main() -> None:
    """Read the command line."""
    if sys.argv[1:2] == ["quality"]:
        for home, day in np.reshape(sys.argv[2:], (-1, 2)):
            quality(Path(home).resolve(), date.fromisoformat(day))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["scale"])
    for name, default in (
        ("customers", 1_000_000),
        ("products", 50_000),
        ("looks", 50_000_000),
        ("lines", 20_000_000),
        ("threads", 2),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = vars(parser.parse_args())
    asked.pop("what")
    scale(**asked)


if __name__ == "__main__":
    main()
