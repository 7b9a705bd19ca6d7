"""The rates file: what one unit of each currency is worth in the brand's own."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path

from ml.errors import KithError
from ml.settings import Settings

_PLAIN_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+")


def read_rates(settings: Settings) -> dict[str, str]:
    """Read the rates file: brand currency per unit of each currency, as exact decimal texts.

    Raises:
        KithError: the file is missing, or holds a rate that is not a positive number.
    """
    own = {settings.currency: "1"} if settings.currency else {}
    path = settings.rates_file
    if path is None:
        return own
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError) as error:
        raise KithError(
            f"The rates file {path} (setting rates_file) cannot be read: {error}."
        ) from error
    rates: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        currency = (row.get("currency") or "").strip().upper()
        rate = (row.get("rate") or "").strip()
        if not currency or not _is_usable(rate):
            raise KithError(
                f"The rates file {path}, row {number}: each row needs a currency and a positive rate "
                f"(columns currency,rate); found '{currency}' and '{rate}'."
            )
        rates[currency] = rate
    return own | rates


def _is_usable(rate: str) -> bool:
    """A plain positive number that the warehouse's decimal(18, 8) can hold."""
    if not _PLAIN_NUMBER.fullmatch(rate):
        return False
    return Decimal("0.00000001") <= Decimal(rate) < Decimal(10**10)
