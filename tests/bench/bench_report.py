"""The measurements as people read them: one Markdown table per question, and two pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench_ratios import BUILDING, GOALS, exponent, fixed_part, increment, layers
from bench_scoring import told

Found = Mapping[str, Any]
SCORING = "scoring"
"""Where the JSON keeps what depends on no landing zone."""


def write_report(found: Found, folder: Path) -> str:
    """Write `bench.md` and, where two sizes were measured, `time.svg` and `memory.svg`; gives the text."""
    flows, peers = measured_parts(found, "flow"), measured_parts(found, "peers")
    scoring = found.get(SCORING)
    parts = ["# What Kith costs", *_machines(flows, peers)]
    if flows:
        parts += ["## The flow by size", _flow_table(flows)]
        if _whole(flows):
            parts += ["## One day", _days_table(flows)]
        parts += [
            _overhead(size, flow["overhead"]) for size, flow in flows.items() if "overhead" in flow
        ]
    if peers:
        parts += ["## The twelve-day feature table", _peers_table(peers)]
    if scoring:
        parts += ["## Scoring", told(scoring)]
    if held := figures(flows, peers, scoring):
        parts += ["## Goals", _goals_table(held)]
    text = "\n\n".join(parts) + "\n"
    (folder / "bench.md").write_text(text, encoding="utf-8")
    if len(flows) > 1:
        _draw(flows, folder)
    return text


def measured_parts(found: Found, part: str) -> dict[str, Any]:
    """One part (`flow` or `peers`) by the sizes at which it was measured, the smallest first."""
    sizes = sorted((size for size in found if size != SCORING), key=float)
    return {size: found[size][part] for size in sizes if part in found[size]}


def figures(
    flows: Found, peers: Found, scoring: Found | None = None
) -> list[tuple[str, str, float]]:
    """Every figure that has a goal: (goal, what exactly, value)."""
    found: list[tuple[str, str, float]] = []
    for size, flow in flows.items():
        if "overhead" in flow:
            found.append(("overhead", f"{size} million lines", flow["overhead"]["ratios"]["whole"]))
        if _is_whole(flow):
            day, rebuild = (
                _total(flow[name], "processor", BUILDING) for name in ("day", "rebuild")
            )
            found.append(
                ("increment", f"{size} million lines", increment(day, rebuild, flow["snapshots"]))
            )
        if float(size) >= 50:
            where = f"{size} million lines, up to {list(flow['rebuild'])[-1]}"
            found.append(("memory", where, _peak(flow["rebuild"]) / 1e9))
    whole = _whole(flows)
    if len(whole) > 1:
        days = [_total(flow["day"], "processor") for flow in whole.values()]
        found.append(
            ("fixed", "processor seconds of one day at no lines", fixed_part(_lines(whole), days))
        )
    if len(flows) > 1:
        for name, figure in (("time exponent", "processor"), ("memory exponent", "memory")):
            by_layer = {
                layer: exponent(list(values), list(values.values()))
                for layer, values in _by_layer(flows, figure).items()
                if len(values) > 1
            }
            worst = max(by_layer, key=by_layer.__getitem__)
            found.append((name, f"worst layer: {worst}", by_layer[worst]))
    for size, measured in peers.items():
        own = measured["engines"]["kith"]["processor"]
        for engine, cost in measured["engines"].items():
            if engine != "kith":
                found.append(
                    (engine, f"{size} million lines, processor seconds", cost["processor"] / own)
                )
    if scoring:
        where = f"sums of {scoring['trees']} trees, {scoring['rows']:,} rows of {scoring['columns']} columns"
        found.append(("scoring", where, scoring["sums_times_lightgbm"]))
    return found


def _machines(*parts: Found) -> list[str]:
    """The machine of each measurement, told once where it is the same."""
    told: dict[str, list[str]] = {}
    for measured in parts:
        for size, part in measured.items():
            facts = part["machine"]
            name = (
                f"{facts['processor']}, {facts['cores']} cores, {facts['memory_gb']} GB, Python {facts['python']}, "
                + ", ".join(f"{package} {number}" for package, number in facts["versions"].items())
            )
            told.setdefault(name, []).append(f"{size} (load before: {facts['load_before']})")
    return [
        f"{name}. Sizes, in millions of order lines: {', '.join(where)}."
        for name, where in told.items()
    ]


def _flow_table(flows: Found) -> str:
    """Processor seconds and peak memory of the first day by layer and size, with exponents."""
    seconds, memory = _by_layer(flows, "processor"), _by_layer(flows, "memory")
    lines = _lines(flows)
    rows = [_layer_row(layer, lines, seconds[layer], memory[layer]) for layer in seconds]
    whole = [(flow["zone"]["rows"]["order_lines"], flow) for flow in _whole(flows).values()]
    totals = {size: _total(flow["rebuild"], "processor") for size, flow in whole}
    if whole:
        peaks = {size: _peak(flow["rebuild"]) for size, flow in whole}
        rows.append(_layer_row("**all**", lines, totals, peaks))
    inputs = [flow["zone"]["bytes"] for flow in flows.values()]
    rows.append(["landing zone", *(f"{size / 1e6:,.0f} MB" for size in inputs), "", ""])
    ratios = [
        f"{_peak(flow['rebuild']) / size:.1f}"
        for flow, size in zip(flows.values(), inputs, strict=True)
    ]
    rows.append(["peak memory ÷ bytes of the zone", *ratios, "", ""])
    for name in next(iter(flows.values())).get("disk", {}):
        sizes = [flow.get("disk", {}).get(name) for flow in flows.values()]
        cells = [f"{size / 1e6:,.0f} MB" if size else "" for size in sizes]
        rows.append([f"on disk: {name}", *cells, "", ""])
    heads = [f"{size} M" for size in flows]
    return _table(["layer", *heads, "exponent of time", "exponent of memory"], rows)


def _layer_row(
    name: str, lines: list[float], seconds: dict[float, float], memory: dict[float, float]
) -> list[str]:
    """What a layer took by size, empty where it was not measured, and how that grows."""
    cells = [
        f"{seconds[size]:,.0f} s, {memory[size] / 1e9:.2f} GB" if size in seconds else ""
        for size in lines
    ]
    if len(seconds) < 2:
        return [name, *cells, "", ""]
    growth = [f"{exponent(list(found), list(found.values())):.2f}" for found in (seconds, memory)]
    return [name, *cells, *growth]


def _days_table(flows: Found) -> str:
    """One more day against the rebuild."""
    rows = []
    for size, flow in _whole(flows).items():
        day, rebuild = (_total(flow[name], "processor", BUILDING) for name in ("day", "rebuild"))
        whole = _total(flow["day"], "processor")
        share = rebuild / flow["snapshots"]
        rows.append(
            [
                f"{size} M",
                f"{rebuild:,.0f} s",
                f"{share:,.0f} s",
                f"{day:,.0f} s",
                f"{day / rebuild:.2f}",
                f"{whole:,.0f} s",
            ]
        )
    heads = [
        "size",
        "rebuild to labels",
        "one snapshot's share",
        "one new day to features",
        "÷ rebuild",
        "the whole new day",
    ]
    return _table(heads, rows)


def _overhead(size: str, found: Found) -> str:
    rows = [["the same SQL, bare", f"{found['sql']['processor']:,.1f} s", ""]]
    rows.append(
        ["the same predictions, bare", f"{found['predictions']['processor']:,.1f} s", "1.00"]
    )
    for name, ratio in found["ratios"].items():
        seconds = found["seconds"].get(name)
        rows.append([name, "" if seconds is None else f"{seconds:,.1f} s", f"{ratio:.2f}"])
    return f"## Overhead of one day at {size} million lines\n\n" + _table(
        ["part", "processor seconds", "÷ bare work"], rows
    )


def _peers_table(peers: Found) -> str:
    rows = []
    for size, measured in peers.items():
        own = measured["engines"]["kith"]
        for engine, cost in measured["engines"].items():
            rows.append(
                [
                    f"{size} M",
                    engine,
                    f"{cost['processor']:,.1f} s",
                    f"{cost['memory'] / 1e9:.2f} GB",
                    f"{cost['processor'] / own['processor']:.2f}",
                ]
            )
    return _table(["size", "engine", "processor seconds", "peak memory", "time ÷ Kith's"], rows)


def _goals_table(found: list[tuple[str, str, float]]) -> str:
    rows = []
    for name, exactly, value in found:
        goal = GOALS[name]
        sign = "≥" if goal.more_is_better else "≤"
        rows.append(
            [
                goal.what,
                exactly,
                f"{value:.2f}",
                f"{sign} {goal.limit:g} {goal.unit}".strip(),
                goal.verdict(value),
            ]
        )
    return _table(["figure", "where", "found", "goal", ""], rows)


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _lines(flows: Found) -> list[float]:
    return [flow["zone"]["rows"]["order_lines"] for flow in flows.values()]


def _by_layer(flows: Found, figure: str) -> dict[str, dict[float, float]]:
    """A figure of the first day by layer, and by the order lines of the sizes at which the layer was measured."""
    found: dict[str, dict[float, float]] = {}
    for flow in flows.values():
        for layer, value in layers(flow["rebuild"], figure).items():
            found.setdefault(layer, {})[flow["zone"]["rows"]["order_lines"]] = value
    return found


def _is_whole(flow: Found) -> bool:
    """Were both days measured to their end?"""
    return "publish" in flow.get("day", {})


def _whole(flows: Found) -> dict[str, Any]:
    return {size: flow for size, flow in flows.items() if _is_whole(flow)}


def _total(stages: Found, figure: str, only: tuple[str, ...] = ()) -> float:
    return sum(cost[figure] for stage, cost in stages.items() if not only or stage in only)


def _peak(stages: Found) -> float:
    return max(cost["memory"] for cost in stages.values())


def _draw(flows: Found, folder: Path) -> None:
    """Time and memory of each layer over the size, both axes logarithmic, beside growth in step with the data."""
    from matplotlib.figure import Figure

    for figure, name, unit in (
        ("processor", "time", "processor seconds"),
        ("memory", "memory", "bytes at peak"),
    ):
        picture = Figure(figsize=(7, 4.5), layout="constrained")
        axes = picture.subplots()
        for layer, values in _by_layer(flows, figure).items():
            if len(values) > 1:
                sizes, found = list(values), list(values.values())
                axes.plot(sizes, found, marker="o", label=f"{layer} ({exponent(sizes, found):.2f})")
        axes.set(xscale="log", yscale="log", xlabel="order lines", ylabel=unit)
        axes.set_title(f"The first day by layer: {unit}, with exponents")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
        picture.savefig(folder / f"{name}.svg", metadata={"Date": None})
