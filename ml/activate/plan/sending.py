"""The hours in which each planned message may go out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.activate.plan.declarations import ChannelRules
from ml.activate.plan.hours import Window, narrowed, window_of, zones_of
from ml.data.phones import country_code

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sending:
    """Hours of one day, by where people live. ``customers`` has country and phone."""

    customers: pd.DataFrame
    day: date
    brand_zone: str
    channels: dict[str, ChannelRules]

    def has_hour(self) -> dict[str, Flags]:
        """By channel, for whom the day has an hour that is not quiet, as far as their country tells."""
        codes, countries = pd.factorize(self.customers["country"], use_na_sentinel=False)
        found = {}
        for channel in self.channels:
            by_country = [self._by_country(country, channel) is not None for country in countries]
            found[channel] = np.array(by_country, dtype=bool)[codes]
        return found

    def window(self, customer: int, channel: str) -> Window:
        """From when to when a person may be written to.

        A phone number tells more of where somebody lives than a country of many zones; where that leaves no hour, the
        country's stands.
        """
        country, phone = (
            _text(self.customers[column].iloc[customer]) for column in ("country", "phone")
        )
        zones = zones_of(country, self.brand_zone)
        is_known = country is not None and country_code(country) is not None
        closer = zones if is_known and len(zones) == 1 else narrowed(zones, is_known, phone)
        found = self._window(closer, channel) or self._window(zones, channel)
        assert found is not None, "only people with an hour are planned for"
        return found

    def _by_country(self, country: object, channel: str) -> Window | None:
        return self._window(zones_of(_text(country), self.brand_zone), channel)

    def _window(self, zones: frozenset[str], channel: str) -> Window | None:
        rules = self.channels[channel]
        return window_of(self.day, self.brand_zone, zones, rules.quiet_from, rules.quiet_until)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
