"""What `make bench` measured, carried to a size that nobody measured: `python tests/bench/bench_capacity.py`.

Every layer is carried on from the two largest sizes that were measured, along what it follows (orders or people), by
the exponent found between them, and in step with the data where it grew slower than that. Training reads a capped
number of rows and stays what it is. Memory is not carried: DuckDB keeps to its limit, and what lies outside of it is
counted in docs/capacity.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from bench_ratios import exponent, layers
from bench_report import measured_parts
from landing_zones import CUSTOMERS, bench_folder

Found = Mapping[str, Any]
FOLLOWS_ORDERS = ("landing", "events")
STAYS = ("training",)
HOUR = 3600


def carried(flows: Sequence[Found], members: float, orders: float) -> dict[str, float]:
    """Processor seconds of each layer of a first day, from the two largest sizes at which the layer was measured.

    Args:
        flows: what was measured, the smallest size first.
        members: people of the brand.
        orders: its orders.
    """
    measured: dict[str, list[tuple[float, float]]] = {}
    for flow in flows:
        for layer, seconds in layers(flow["rebuild"], "processor").items():
            size = _orders(flow) if layer in FOLLOWS_ORDERS else _people(flow)
            measured.setdefault(layer, []).append((size, seconds))
    found = {}
    for layer, points in measured.items():
        if layer in STAYS:
            found[layer] = points[-1][1]
        elif len(points) > 1:
            units, took = (list(of) for of in zip(*points[-2:], strict=True))
            times = (orders if layer in FOLLOWS_ORDERS else members) / units[-1]
            found[layer] = took[-1] * times ** max(exponent(units, took), 1.0)
    return found


def disk(flow: Found, members: float) -> dict[str, float]:
    """Bytes of a home in step with its people."""
    return {name: size * members / _people(flow) for name, size in flow["disk"].items()}


def spark_times(peers: Mapping[str, Found]) -> float:
    """How many times Kith's processor seconds Spark takes for rows beyond the smaller of the two largest sizes."""
    low, high = (peers[size]["engines"] for size in sorted(peers, key=float)[-2:])
    own, other = (high[name]["processor"] - low[name]["processor"] for name in ("kith", "spark"))
    return float(other / own)


def _orders(flow: Found) -> float:
    return float(flow["zone"]["rows"]["orders"])


def _people(flow: Found) -> float:
    return float(flow["zone"]["copies"] * CUSTOMERS)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--members", type=float, default=100, help="millions")
    parser.add_argument("--orders", type=float, default=1000, help="millions")
    parser.add_argument(
        "--price", type=float, default=0.041, help="of a core for an hour, in US dollars"
    )
    given = parser.parse_args()
    store = bench_folder() / "reports" / "bench.json"
    found = json.loads(store.read_text(encoding="utf-8"))
    flows = list(measured_parts(found, "flow").values())
    if len(flows) < 2:
        raise SystemExit('two sizes are needed: `make bench SIZES="1 10"`')
    seconds = carried(flows, given.members * 1e6, given.orders * 1e6)
    print("| layer | core hours | US dollars |\n|---|---|---|")
    for layer, value in (*seconds.items(), ("all", sum(seconds.values()))):
        hours = value / HOUR
        print(f"| {layer} | {hours:,.1f} | {hours * given.price:,.2f} |")
    if with_disk := [flow for flow in flows if "disk" in flow]:
        for name, size in disk(with_disk[-1], given.members * 1e6).items():
            print(f"{name}: {size / 1e9:,.0f} GB")
    peers = measured_parts(found, "peers")
    if len(peers) > 1:
        print(f"Spark: {spark_times(peers):.1f} times the processor seconds, beyond its fixed part")


if __name__ == "__main__":
    main()
