"""Public data sets, brought into the landing format by ``kith import``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ml.data.importers.cdnow import import_cdnow
from ml.data.importers.online_retail import import_online_retail
from ml.data.importers.summary import ImportSummary
from ml.data.importers.taobao_shares import import_taobao_shares
from ml.stores.place import Place

Importer = Callable[[Path, Place], ImportSummary]
"""(source file or its folder, landing zone) -> what was written."""

IMPORTERS: dict[str, Importer] = {
    "online-retail": import_online_retail,
    "cdnow": import_cdnow,
    "taobao-shares": import_taobao_shares,
}

__all__ = [
    "IMPORTERS",
    "ImportSummary",
    "Importer",
    "import_cdnow",
    "import_online_retail",
    "import_taobao_shares",
]
