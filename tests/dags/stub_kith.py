"""Stands in for `kith`: writes down how it was called, and fails where the test asks for it."""

import json
import os
import signal
import sys
import time
from pathlib import Path

given = dict(zip(sys.argv, sys.argv[1:], strict=False))
step = sys.argv[1]
if step == "demo":
    landing = Path(given["--landing"])
    landing.mkdir(parents=True)
    landing.with_name(landing.name + "-truth").mkdir()
home = Path(given.get("--home") or os.environ["KITH_HOME"])
with (home / "calls.txt").open("a", encoding="utf-8") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\n")
print(f"the stub does {step}", flush=True)
if os.environ.get("STUB_SLEEPS_AT") == step:
    (home / "sleeping.txt").write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(60)
if os.environ.get("STUB_STOPS_AT") == step:
    print(
        "kith: More than 2 % of the rows are bad: 7 of 100 in orders. Mend them.", file=sys.stderr
    )
    sys.exit(1)
if os.environ.get("STUB_IS_KILLED_AT") == step:
    os.kill(os.getpid(), signal.SIGKILL)
if step == "publish":
    day = given["--as-of-date"]
    (home / "warehouse").mkdir(exist_ok=True)
    (home / "warehouse" / "run.json").write_text(
        json.dumps({"as_of_date": day, "version": f"{day}-stub"})
    )
