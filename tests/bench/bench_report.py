"""The measurements as people read them: one Markdown table per question, and two pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench_ratios import BUILDING, GOALS, exponent, fixed_part, increment, layers

Found = Mapping[str, Any]


def write_report(found: Found, folder: Path) -> str:
    """Write `bench.md` and, where two sizes were measured, `time.svg` and `memory.svg`; gives the text."""
    sizes = sorted(found, key=float)
    flows = {size: found[size]["flow"] for size in sizes if "flow" in found[size]}
    peers = {size: found[size]["peers"] for size in sizes if "peers" in found[size]}
    parts = ["# What Kith costs", *_machines(found)]
    if flows:
        parts += ["## The flow by size", _flow_table(flows), "## One day", _days_table(flows)]
        parts += [
            _overhead(size, flow["overhead"]) for size, flow in flows.items() if "overhead" in flow
        ]
    if peers:
        parts += ["## The twelve-day feature table", _peers_table(peers)]
    parts += ["## Goals", _goals_table(figures(flows, peers))]
    text = "\n\n".join(parts) + "\n"
    (folder / "bench.md").write_text(text, encoding="utf-8")
    if len(flows) > 1:
        _draw(flows, folder)
    return text


def figures(flows: Found, peers: Found) -> list[tuple[str, str, float]]:
    """Every figure that has a goal: (goal, what exactly, value)."""
    found: list[tuple[str, str, float]] = []
    for size, flow in flows.items():
        if "overhead" in flow:
            found.append(("overhead", f"{size} million lines", flow["overhead"]["ratios"]["whole"]))
        day, rebuild = (_total(flow[name], "processor", BUILDING) for name in ("day", "rebuild"))
        found.append(
            ("increment", f"{size} million lines", increment(day, rebuild, flow["snapshots"]))
        )
        if float(size) >= 50:
            found.append(("memory", f"{size} million lines", _peak(flow["rebuild"]) / 1e9))
    if len(flows) > 1:
        lines = _lines(flows)
        days = [_total(flow["day"], "processor") for flow in flows.values()]
        found.append(("fixed", "processor seconds of one day at no lines", fixed_part(lines, days)))
        for name, figure in (("time exponent", "processor"), ("memory exponent", "memory")):
            by_layer = {
                layer: exponent(lines, values) for layer, values in _by_layer(flows, figure).items()
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
    return found


def _machines(found: Found) -> list[str]:
    """The machine of each measurement, told once where it is the same."""
    told = {}
    for size, measured in found.items():
        for part in measured.values():
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
    heads = [f"{size} M" for size in flows]
    rows = []
    for layer in seconds:
        cells = [
            f"{s:,.0f} s, {m / 1e9:.2f} GB"
            for s, m in zip(seconds[layer], memory[layer], strict=True)
        ]
        rows.append([layer, *cells, *_exponents(flows, seconds[layer], memory[layer])])
    totals = [_total(flow["rebuild"], "processor") for flow in flows.values()]
    peaks = [_peak(flow["rebuild"]) for flow in flows.values()]
    cells = [f"**{s:,.0f} s, {m / 1e9:.2f} GB**" for s, m in zip(totals, peaks, strict=True)]
    rows.append(["**all**", *cells, *_exponents(flows, totals, peaks)])
    inputs = [flow["zone"]["bytes"] for flow in flows.values()]
    rows.append(["landing zone", *(f"{size / 1e6:,.0f} MB" for size in inputs), "", ""])
    ratios = [f"{peak / size:.1f}" for peak, size in zip(peaks, inputs, strict=True)]
    rows.append(["peak memory ÷ bytes of the zone", *ratios, "", ""])
    return _table(["layer", *heads, "exponent of time", "exponent of memory"], rows)


def _exponents(flows: Found, seconds: list[float], memory: list[float]) -> list[str]:
    if len(flows) < 2:
        return ["", ""]
    return [f"{exponent(_lines(flows), values):.2f}" for values in (seconds, memory)]


def _days_table(flows: Found) -> str:
    """One more day against the rebuild."""
    rows = []
    for size, flow in flows.items():
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


def _by_layer(flows: Found, figure: str) -> dict[str, list[float]]:
    each = [layers(flow["rebuild"], figure) for flow in flows.values()]
    return {layer: [found[layer] for found in each] for layer in each[0]}


def _total(stages: Found, figure: str, only: tuple[str, ...] = ()) -> float:
    return sum(cost[figure] for stage, cost in stages.items() if not only or stage in only)


def _peak(stages: Found) -> float:
    return max(cost["memory"] for cost in stages.values())


def _draw(flows: Found, folder: Path) -> None:
    """Time and memory of each layer over the size, both axes logarithmic, beside growth in step with the data."""
    from matplotlib.figure import Figure

    lines = _lines(flows)
    for figure, name, unit in (
        ("processor", "time", "processor seconds"),
        ("memory", "memory", "bytes at peak"),
    ):
        picture = Figure(figsize=(7, 4.5), layout="constrained")
        axes = picture.subplots()
        for layer, values in _by_layer(flows, figure).items():
            axes.plot(lines, values, marker="o", label=f"{layer} ({exponent(lines, values):.2f})")
        axes.set(xscale="log", yscale="log", xlabel="order lines", ylabel=unit)
        axes.set_title(f"The first day by layer: {unit}, with exponents")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
        picture.savefig(folder / f"{name}.svg", metadata={"Date": None})
