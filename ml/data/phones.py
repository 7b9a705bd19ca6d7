"""Phone numbers as people write them, and the one form (E.164) in which they can be compared.

The phone library is imported where it is asked: its lists are long, and few steps read a number.
"""

from __future__ import annotations

from functools import cache

import duckdb
import pyarrow as pa

from ml.data.sql_text import raw_rows
from ml.data.warehouse import keep_table
from ml.home import Home

# Codes that are written for a country without being its code in ISO 3166-1.
OTHER_CODES = {"uk": "GB", "usa": "US", "u.s.": "US", "u.s.a.": "US", "u.k.": "GB", "el": "GR"}

COLUMNS = {"raw": "varchar", "e164": "varchar", "country": "varchar"}


def e164(raw: str, default_country: str | None) -> str | None:
    """Normalise one number, or None when it is no possible number.

    A number without a country code can be read only with `default_country` (ISO 3166, two letters).
    """
    import phonenumbers

    text = "+" + raw[2:] if raw.startswith("00") and len(raw) > 8 else raw
    try:
        number = phonenumbers.parse(text, default_country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country_code(text: str) -> str | None:
    """The country that a text names: two capital letters (ISO 3166-1), or None when it names none, or several.

    Codes and names are understood, these in every language that the phone library knows the names in.
    """
    plain = text.strip().casefold()
    return _country_names().get(plain)


@cache
def _country_names() -> dict[str, str]:
    from phonenumbers.geodata.locale import LOCALE_DATA

    named: dict[str, set[str]] = {}
    for code, names in LOCALE_DATA.items():
        for name in {name for name in names.values() if not name.startswith("*")}:
            named.setdefault(name.casefold(), set()).add(code)
    found = {name: next(iter(codes)) for name, codes in named.items() if len(codes) == 1}
    return found | {code.casefold(): code for code in LOCALE_DATA} | OTHER_CODES


def time_zones(number: str) -> frozenset[str]:
    """Time zones in which a number in its E.164 form may ring (IANA names); none where nobody can say."""
    import phonenumbers
    from phonenumbers import timezone

    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return frozenset()
    return frozenset(zones) - {timezone.UNKNOWN_TIMEZONE}


def normalise_phones(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Keep `control.phone_numbers`, the table from every phone text seen to its E.164 form.

    Only texts not seen before, or seen under another default country, are parsed.
    """
    country = home.settings.default_country or ""
    keep_table(connection, "control.phone_numbers", COLUMNS)
    connection.execute("delete from control.phone_numbers where country <> ?", [country])
    unseen = connection.execute(
        f"""
        select distinct trim(raw) from (
            select phone as raw from {raw_rows(home.raw, "profiles")}
            union all
            select id_value from {raw_rows(home.raw, "identifiers")}
            where lower(trim(id_type)) = 'phone'
        )
        where trim(raw) <> '' and trim(raw) not in (select raw from control.phone_numbers)
        order by 1
        """
    ).fetchall()
    texts = [row[0] for row in unseen]
    numbers = pa.table(
        {
            "raw": pa.array(texts, pa.string()),
            "e164": pa.array([e164(text, country or None) for text in texts], pa.string()),
            "country": pa.array([country] * len(texts), pa.string()),
        }
    )
    connection.register("numbers", numbers)
    connection.execute("insert into control.phone_numbers select * from numbers")
    connection.unregister("numbers")
