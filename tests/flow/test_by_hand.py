"""What Airflow runs step by step from a folder, `kith run` does in one process from a bucket: they publish the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.flow.conftest import CANARY_DAY, TARGETS, CanaryBrand
from tests.flow.worlds import SMALL_BRAND, run_once
from tests.object_store import Bucket

pytestmark = pytest.mark.slow


def test_by_hand_from_a_bucket_and_through_airflow_from_a_folder_the_same_is_published(
    canary_brand: CanaryBrand, bucket: Bucket, tmp_path: Path
) -> None:
    landing = bucket.fill("landing", canary_brand.landing)
    shown = f'published_to = "s3://{bucket.name}/shown"\n'
    by_hand = run_once(landing, tmp_path / "home", CANARY_DAY, SMALL_BRAND + shown, targets=TARGETS)
    assert by_hand.manifest == canary_brand.published.manifest
    assert by_hand.digests() == canary_brand.published.digests()
    version = by_hand.manifest["version"]
    mirrored = {
        name: hashlib.sha256(bucket.get(f"shown/versions/{version}/{name}")).hexdigest()
        for name in by_hand.digests()
    }
    assert mirrored == by_hand.digests()
