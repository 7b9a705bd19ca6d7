"""What Airflow runs step by step in many processes, `kith run` does in one: they publish the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flow.conftest import CANARY_DAY, TARGETS, CanaryBrand
from tests.flow.worlds import run_once

pytestmark = pytest.mark.slow


def test_by_hand_and_through_airflow_the_same_is_published(
    canary_brand: CanaryBrand, tmp_path: Path
) -> None:
    by_hand = run_once(canary_brand.landing, tmp_path / "home", CANARY_DAY, targets=TARGETS)
    assert by_hand.manifest == canary_brand.published.manifest
    assert by_hand.digests() == canary_brand.published.digests()
