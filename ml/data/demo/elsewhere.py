"""The demo brand in a folder or on an object store: written on this machine, then sent file by file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ml.data.demo.landing_files import DELIVERED_FILES
from ml.data.demo.write import DemoSummary, default_truth_folder, write_demo
from ml.errors import KithError
from ml.stores.place import ObjectPrefix, Place
from ml.stores.store import store_at


def truth_of(landing: Place) -> Place:
    """Where the truth of a demo brand lies: beside the landing zone, under a telling name."""
    if isinstance(landing, Path):
        return default_truth_folder(landing)
    return ObjectPrefix(landing.bucket, f"{landing.prefix}-truth")


def write_demo_at(
    landing: Place, customers: int, months: int, seed: int, on_progress: Callable[[str], None]
) -> DemoSummary:
    """Write a demo brand, and its truth beside it, wherever the landing zone is.

    Raises:
        KithError: an impossible size; files that are not the demo's; an object store that refuses.
    """
    if isinstance(landing, Path):
        return write_demo(
            landing, default_truth_folder(landing), customers, months, seed, on_progress=on_progress
        )
    _check(landing)
    with tempfile.TemporaryDirectory(prefix="kith-demo-") as folder:
        here = Path(folder) / "landing"
        summary = write_demo(
            here, default_truth_folder(here), customers, months, seed, on_progress=on_progress
        )
        on_progress(f"sending it to {landing}")
        # As in a folder, the truth comes last: where it is, the brand is whole.
        for source, target in ((here, landing), (default_truth_folder(here), truth_of(landing))):
            _send(source, target)
    return replace(summary, landing=landing, truth=truth_of(landing))


def _check(landing: ObjectPrefix) -> None:
    if not landing.prefix:
        raise KithError(
            f"The truth of a demo brand lies beside its landing zone, and {landing} is a whole bucket. Give a prefix "
            f"in it, such as {landing / 'landing'}."
        )
    foreign = sorted({file.name for file in store_at(landing).files()} - DELIVERED_FILES)
    if foreign:
        raise KithError(
            f"{landing}: the demo brand wants a landing zone of its own; found {foreign[0]} ({len(foreign)} such "
            "objects). Choose another prefix."
        )


def _send(source: Path, target: Place) -> None:
    store = store_at(target)
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        store.send(path, path.relative_to(source).as_posix())
