"""The step as a whole: two tables and a page beside the published version, and words where it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.activate.recommend.command import recommend
from ml.activate.recommend.tables import OFFER_COLUMNS, QUALITY_COLUMNS
from ml.activate.tables import RECOMMENDATION_QUALITY, RECOMMENDATIONS
from ml.errors import KithError
from ml.run import Run
from tests.activate.recommend.shops import FIRST, TODAY, Shop, customer
from tests.activate.recommend.test_offers import two_tastes

VERSION = f"{TODAY}-abc"


def published(root: Path, shop: Shop, said: list[str]) -> Run:
    """A home whose warehouse holds the shop, published for 10 of its people."""
    run = Run.of(root, root / "landing", TODAY, report=said.append)
    run.home.warehouse.mkdir(parents=True)
    with shop.warehouse(run.home.database):
        pass
    state = {"as_of_date": TODAY.isoformat(), "done": ["publish"], "run_id": "abc"}
    run.home.run_state.write_text(
        json.dumps(state | {"first_fact": FIRST.isoformat(), "label_lag_days": 0})
    )
    folder = run.home.published / "versions" / VERSION
    folder.mkdir(parents=True)
    pq.write_table(
        pa.table({"customer_id": [customer(n) for n in range(10)]}), folder / "customers.parquet"
    )
    (folder / "manifest.json").write_text(
        json.dumps({"as_of_date": TODAY.isoformat(), "run_id": "abc"})
    )
    return run


def test_offers_stand_beside_the_version_and_repeat_to_the_byte(tmp_path: Path) -> None:
    said: list[str] = []
    run = published(tmp_path / "home", two_tastes(), said)
    recommend(run)
    folder = run.home.activation_version(VERSION)
    first = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    recommend(run)
    assert {path.name: path.read_bytes() for path in sorted(folder.iterdir())} == first
    assert set(first) == {RECOMMENDATIONS, RECOMMENDATION_QUALITY}
    offers = pq.read_table(folder / RECOMMENDATIONS)
    assert offers.schema.equals(OFFER_COLUMNS)
    rows = offers.to_pandas()
    assert list(rows["customer_id"]) == [customer(n) for n in range(10) for _ in range(3)]
    assert list(rows["place"]) == [1, 2, 3] * 10
    quality = pq.read_table(folder / RECOMMENDATION_QUALITY)
    assert quality.schema.equals(QUALITY_COLUMNS)
    told = quality.to_pandas()
    assert told.loc[told["chosen"], "method"].nunique() == 1
    assert {"popularity", "bought_before", "als", "learned"} <= set(told["method"])
    assert not told.duplicated(["method", "metric"]).any()
    assert any("30 places for 10 customers" in line for line in said)
    page = run.home.recommendation_page.read_text(encoding="utf-8")
    assert "<svg" in page
    assert "c0000" not in page


def test_a_brand_without_products_gets_empty_tables_and_a_word_why(tmp_path: Path) -> None:
    said: list[str] = []
    run = published(tmp_path / "home", Shop(people=10), said)
    recommend(run)
    folder = run.home.activation_version(VERSION)
    assert pq.read_table(folder / RECOMMENDATIONS).num_rows == 0
    assert pq.read_table(folder / RECOMMENDATION_QUALITY).num_rows == 0
    assert any("nothing: neither order lines nor interactions name a product" in s for s in said)


def test_a_day_that_was_not_published_is_refused(tmp_path: Path) -> None:
    run = published(tmp_path / "home", Shop(), [])
    (run.home.published / "versions" / VERSION / "manifest.json").unlink()
    with pytest.raises(KithError, match="belongs to a published version"):
        recommend(run)
