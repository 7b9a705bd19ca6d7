"""Kith: one customer table, and honest predictions."""

import os

# Read when the OpenMP library is loaded: idle threads sleep instead of spinning. On a machine that has other
# work to do, LightGBM was six times slower without.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
