"""`kith erase`: forgetting a person.

First the list of erased people is written: from then on no run sees their rows, and whatever is
interrupted afterwards is finished by the same command once more. Then everything that was made from those
rows is rewritten or removed, and what could not be reached is told.
"""

from __future__ import annotations

import csv
import shutil
from io import BytesIO
from pathlib import Path

import pandas as pd

from ml.activate.export.erasure import forget_in_activation
from ml.data import landed_person
from ml.data.demo.elsewhere import truth_of
from ml.data.erasure_filter import ErasureFilter
from ml.data.erasures import Erasures, load_erasures
from ml.data.landing import Landing, discover
from ml.data.landing_rewrite import rewrite_file
from ml.data.raw_layer import records_to_erase
from ml.data.warehouse import connect_in_memory
from ml.errors import KithError
from ml.home import Home
from ml.serve.erased_whom import WHOLE, Erasure, is_on_the_list, remember_person, whole_landing
from ml.serve.forget_mirror import forget_in_mirror
from ml.serve.forget_versions import finish_swaps, forget_in_versions
from ml.serve.sweep import sweep
from ml.stores.place import ObjectPrefix, Place, place_of
from ml.stores.store import store_at

SCRATCH = "scratch"  # folder in the warehouse for one landed file at a time


def erase_person(erasure: Erasure) -> None:
    """Forget a person: remember keyed hashes, rewrite what was published, remove what can be rebuilt.

    Raises:
        KithError: the person is not known, or the landing zone cannot be read.
    """
    try:
        _erase(erasure)
    finally:
        for place in (WHOLE, SCRATCH):
            shutil.rmtree(erasure.home.warehouse / place, ignore_errors=True)


def _erase(erasure: Erasure) -> None:
    home, say = erasure.home, erasure.report
    landing = discover(erasure.landing)
    finish_swaps(home)
    erasures = load_erasures(home.erasures) or Erasures()
    if is_on_the_list(erasures, erasure):
        say("this person is on the list of erased people already; the work is done again")
    else:
        remember_person(erasure, landing, erasures)
    # From here on no run sees the person, and the same command once more finishes what was interrupted.
    texts = _texts_to_seek(erasure, landing, erasures)
    # Before the versions: their maps tell under which ids the person was exported.
    for told in forget_in_activation(home, erasures):
        say(told)
    for version in forget_in_versions(home, erasures):
        say(f"rewritten: version {version}")
    unreached = forget_in_mirror(home, erasures, say) + _forget_in_mlflow(erasure, erasures)
    shutil.rmtree(home.warehouse, ignore_errors=True)
    say(f"removed: {home.warehouse}; the next run builds it anew")
    unreached += _forget_in_landing(erasure, landing, erasures)
    unreached += _look_everywhere(erasure, texts)
    for what in unreached:
        say(f"not reached: {what}")
    say(
        f"erased; the list of erased people is {home.erasures}. Keep it: without it their rows come back"
    )


def _texts_to_seek(erasure: Erasure, landing: Landing, erasures: Erasures) -> list[str]:
    whole = whole_landing(erasure, landing)
    with connect_in_memory(erasure.home) as engine:
        return landed_person.texts_to_seek(engine, whole, _filter(erasure.home, erasures))


def _filter(home: Home, erasures: Erasures) -> ErasureFilter:
    return ErasureFilter(erasures, home.settings.default_country)


def _forget_in_mlflow(erasure: Erasure, erasures: Erasures) -> list[str]:
    """Rewrite the samples that runs keep; gives what could not be reached."""
    from ml.learn.registry import Registry

    def without(content: bytes) -> bytes | None:
        sample = pd.read_parquet(BytesIO(content))
        if "customer_id" not in sample:
            return None
        ids = {one: erasures.holds("customer", one) for one in sample["customer_id"].unique()}
        gone = sample["customer_id"].map(ids).astype(bool)
        return sample[~gone].to_parquet(index=False) if gone.any() else None

    if not Registry.exists(erasure.home):
        return []
    try:
        samples = Registry(erasure.home).rewrite_samples(without)
    except KithError as stop:
        return [str(stop)]
    erasure.report(f"rewritten: {samples:,} data samples in MLflow")
    return []


def _forget_in_landing(erasure: Erasure, landing: Landing, erasures: Erasures) -> list[str]:
    """Rewrite the landing files when asked to; gives what still holds rows of erased people."""
    erased = _filter(erasure.home, erasures)
    scratch = erasure.home.warehouse / SCRATCH
    scratch.mkdir(parents=True)
    unreached = []
    for file in landing.files:
        changes = dict(records_to_erase(file, erased, scratch))
        if not changes:
            continue
        if not erasure.rewrite_landing:
            unreached.append(
                f"{file.place}: {len(changes):,} rows; runs leave them out, --rewrite-landing takes them out of the "
                "file"
            )
            continue
        try:
            rewrite_file(file, changes, scratch)
            erasure.report(f"rewritten: {file.place}, {len(changes):,} rows")
        except (KithError, OSError, csv.Error, ValueError) as error:
            unreached.append(f"{file.place}: it could not be rewritten ({type(error).__name__})")
    shutil.rmtree(erasure.home.warehouse)
    truth = truth_of(erasure.landing)
    if truth.exists() if isinstance(truth, Path) else store_at(truth).files():
        unreached.append(f"{truth}: the truth of a demo brand names everybody in it")
    return unreached


def _look_everywhere(erasure: Erasure, texts: list[str]) -> list[str]:
    home = erasure.home
    landing = (erasure.landing, truth_of(erasure.landing))
    here = [place for place in landing if isinstance(place, Path)]
    left_alone = [*here, home.erasures, home.root / "lock"]
    struck, holding = sweep(home.root, texts, left_alone, [home.logs, home.reports])
    for path in struck:
        erasure.report(f"struck out: {path}")
    return [
        *(f"{path}: it still holds a text of the person" for path in holding),
        *_former_objects(erasure),
        "copies outside: backups, exports, tables that other programs read from the published versions",
    ]


def _former_objects(erasure: Erasure) -> list[str]:
    """What a bucket may keep of objects that were replaced; nothing here can know."""
    places: list[Place] = [erasure.landing] if erasure.rewrite_landing else []
    mirror = erasure.home.settings.published_to
    places += [place_of(mirror)] if mirror else []
    return [
        f"{place}: former versions of its objects, if the bucket keeps any"
        for place in places
        if isinstance(place, ObjectPrefix)
    ]
