"""How long the solver takes for a million customers, twenty actions and five caps, and how near to the best it comes.

    python tests/bench/bench_plan.py [CUSTOMERS]

Gains are drawn alike for everybody, with a third of the actions closed to each; in a second problem they are rounded,
so that thousands tie. Caps: a budget, the capacity of two channels, the stock of two offers.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from ml.activate.plan.solver import solve

ACTIONS = 20


def main() -> None:
    """Solve both problems and print."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rng = np.random.default_rng(1)
    gain = rng.gamma(1, 1, (ACTIONS, customers)) * rng.gamma(1, 1, customers) - 0.8
    gain[rng.random(gain.shape) < 1 / 3] = -np.inf
    use = np.zeros((5, ACTIONS))
    use[0] = rng.uniform(0.01, 2, ACTIONS)
    use[1, :8], use[2, 8:14], use[3, 3], use[4, 12] = 1, 1, 1, 1
    limits = np.array([0.1, 0.08, 0.05, 0.01, 0.005]) * customers
    for name in ("gains of every size", "gains in steps of a tenth"):
        began = time.perf_counter()
        found = solve(gain, use, limits)
        seconds = time.perf_counter() - began
        used = ", ".join(f"{share:.0%}" for share in found.used / limits)
        print(
            f"{name}: {customers:,} customers x {ACTIONS} actions x 5 caps in {seconds:.1f} s; gap {found.gap:.6%}; "
            f"caps used {used}; {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB"
        )
        gain = np.round(gain, 1)


if __name__ == "__main__":
    main()
