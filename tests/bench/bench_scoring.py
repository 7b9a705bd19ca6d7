"""How fast customers are scored: the served trees against the libraries that serve LightGBM's models.

`python tests/bench/bench_scoring.py [--rows N] [--columns N] [--trees N] [--leaves N]` makes rows like a customer
table's (counts, amounts, shares, missing values), grows trees on them with Kith's own settings, and asks everybody for
the sum of the leaves of every row, to 1e-9 of LightGBM's own; then LightGBM and Kith for what each column adds, and the
whole of scoring with its reasons. All in one thread, in seconds of processor, the best of three.
Treelite and TL2cgen are tried where they are installed (they are no part of Kith's environments); TL2cgen needs a C
compiler.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from bench_ratios import GOALS
from numpy.typing import NDArray

from ml.data.targets import Target
from ml.learn.models.bundle import ModelBundle
from ml.learn.models.tree_tables import TreeTables
from ml.learn.models.trees import BoostedTrees, TreeRows, TreeSettings
from ml.learn.training.calibration import Calibrator
from ml.serve.expect import Expectations
from ml.serve.scorer import Scorer

AGREEMENT = 1e-9
TRIES = 3
SEED = 7
BATCH_ROWS = 50_000

Answer = tuple[float, NDArray[np.float64]]


def customers(rows: int, columns: int) -> NDArray[np.float32]:
    """Rows of a made-up customer table: a third each of counts, amounts and shares, some of them missing."""
    random = np.random.default_rng(SEED)
    values = np.empty((rows, columns), dtype=np.float32)
    for column in range(columns):
        kind = column % 3
        values[:, column] = (
            random.poisson(1 + column % 7, rows)
            if kind == 0
            else random.gamma(1.5, 40, rows)
            if kind == 1
            else random.random(rows)
        )
        if kind:
            values[random.random(rows) < 0.05 * (column % 5), column] = np.nan
    return values


def grown(values: NDArray[np.float32], trees: int, leaves: int) -> BoostedTrees:
    """Trees of Kith's settings that learn something of a tenth of the columns."""
    random = np.random.default_rng(SEED)
    told = np.nan_to_num(values[:, ::10])
    score = (np.log1p(told) @ random.normal(size=told.shape[1])) + random.logistic(size=len(told))
    outcome = (score > np.quantile(score, 0.7)).astype(np.float64)
    rows = TreeRows(values, outcome, np.ones(len(values)), None, 1.0)
    return BoostedTrees.fit(rows, trees, SEED, 1, settings=TreeSettings(num_leaves=leaves))


def measure(
    rows: int = 100_000, columns: int = 360, trees: int = 100, leaves: int = 8
) -> dict[str, Any]:
    """Rows per second per core of each contender, seconds to get it ready, and the ratios that matter.

    Raises AssertionError where a contender disagrees with LightGBM by more than AGREEMENT.
    """
    values = customers(rows, columns)
    model = grown(values[:20_000], trees, leaves)
    booster = lgb.Booster(model_str=model.text)
    own, known = _timed(lambda: booster.predict(values, raw_score=True, num_threads=1))
    sums = {"LightGBM": {"rows_per_second": rows / own, "ready_after": 0.0}}
    contenders = {"Kith's tables": _tables, "Treelite GTIL": _gtil, "TL2cgen": _tl2cgen}
    for name, contender in contenders.items():
        began = time.perf_counter()  # by the clock: a compiler is another process
        predict = contender(model.text)
        ready = time.perf_counter() - began
        if predict is None:
            continue
        seconds, found = _timed(partial(predict, values))
        _agree(name, known, found)
        sums[name] = {"rows_per_second": rows / seconds, "ready_after": ready}
    few = values[: max(1, rows // 20)]
    slow, slow_terms = _timed(lambda: booster.predict(few, pred_contrib=True, num_threads=1), 1)
    tables = TreeTables.of(model.text)
    quick, quick_terms = _timed(lambda: tables.terms(few))
    _agree("terms of Kith's tables", slow_terms, quick_terms)
    whole = _whole_scoring(model, values)
    return {
        "rows": rows,
        "columns": columns,
        "trees": trees,
        "leaves": leaves,
        "sums": sums,
        "sums_times_lightgbm": own / (rows / sums["Kith's tables"]["rows_per_second"]),
        "terms": {"LightGBM": len(few) / slow, "Kith's tables": len(few) / quick},
        "terms_times_lightgbm": slow / quick,
        "scoring_rows_per_second": rows / whole,
        "goal": GOALS["scoring"].limit,
    }


def told(found: dict[str, Any]) -> str:
    """The measures as Markdown."""
    lines = [
        f"{found['trees']} trees of {found['leaves']} leaves, {found['rows']:,} rows of {found['columns']} columns, "
        "one core.",
        "",
        "| sum of the leaves by | rows per second | × LightGBM | ready after |",
        "|---|---|---|---|",
    ]
    base = found["sums"]["LightGBM"]["rows_per_second"]
    for name, one in found["sums"].items():
        lines.append(
            f"| {name} | {one['rows_per_second']:,.0f} | {one['rows_per_second'] / base:.1f} | "
            f"{one['ready_after']:.2f} s |"
        )
    lines += ["", "| what each column adds, by | rows per second | × LightGBM |", "|---|---|---|"]
    base = found["terms"]["LightGBM"]
    for name, speed in found["terms"].items():
        lines.append(f"| {name} | {speed:,.0f} | {speed / base:.1f} |")
    is_reached = "reached" if found["sums_times_lightgbm"] >= found["goal"] else "missed"
    return "\n".join(
        [
            *lines,
            "",
            f"The whole of scoring, with reasons in words: {found['scoring_rows_per_second']:,.0f} rows per second.",
            f"Goal of {found['goal']:.0f} × LightGBM's predict: {is_reached}.",
        ]
    )


def _whole_scoring(model: BoostedTrees, values: NDArray[np.float32]) -> float:
    """Seconds from features to probability and reasons, batch by batch."""
    names = tuple(f"feature_{number}_count_all" for number in range(values.shape[1]))
    target = Target("next_purchase", 30, 365)
    day = date(2026, 7, 1)
    bundle = ModelBundle(target.name, 30, names, model, Calibrator(), "A", 0.3, (day,), day)
    people = pd.DataFrame(values, columns=list(names))
    people.insert(0, "customer_id", [f"{number:012x}" for number in range(len(people))])
    scorer = Scorer.of(
        target, bundle, Expectations(target, None, pd.DataFrame()), people[:BATCH_ROWS]
    )
    began = time.process_time()
    for first in range(0, len(people), BATCH_ROWS):
        batch = people.iloc[first : first + BATCH_ROWS].reset_index(drop=True)
        scorer.score(batch, pd.DataFrame())
    return time.process_time() - began


def _tables(text: str) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    return TreeTables.of(text).raw


def _gtil(text: str) -> Callable[[NDArray[np.float32]], NDArray[np.float64]] | None:
    treelite = _library("treelite")
    if treelite is None:
        return None
    model = _treelite_model(treelite, text)
    return lambda values: treelite.gtil.predict(
        model, values.astype(np.float64), nthread=1, pred_margin=True
    ).ravel()


def _tl2cgen(text: str) -> Callable[[NDArray[np.float32]], NDArray[np.float64]] | None:
    treelite, tl2cgen = _library("treelite"), _library("tl2cgen")
    if treelite is None or tl2cgen is None or shutil.which("gcc") is None:
        return None
    library = Path(tempfile.mkdtemp()) / "trees.so"
    tl2cgen.export_lib(_treelite_model(treelite, text), toolchain="gcc", libpath=str(library))
    predictor = tl2cgen.Predictor(str(library), nthread=1)
    return lambda values: predictor.predict(
        tl2cgen.DMatrix(values.astype(np.float64)), pred_margin=True
    ).ravel()


def _treelite_model(treelite: Any, text: str) -> Any:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        return treelite.frontend.load_lightgbm_model(file.name)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


def _timed(ask: Callable[[], Any], tries: int = TRIES) -> Answer:
    """Seconds of processor of the quickest try, and the answer."""
    seconds = []
    for _ in range(tries):
        began = time.process_time()
        answer = ask()
        seconds.append(time.process_time() - began)
    return min(seconds), np.asarray(answer)


def _agree(name: str, known: NDArray[np.float64], found: NDArray[np.float64]) -> None:
    apart = float(np.abs(known - found).max())
    assert apart <= AGREEMENT, f"{name} is {apart:.2g} away from LightGBM"


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in (("rows", 100_000), ("columns", 360), ("trees", 100), ("leaves", 8)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    print(told(measure(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
