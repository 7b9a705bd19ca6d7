"""Where a list may go, each place declared once: its file, its fields, what a person must have agreed to."""

from __future__ import annotations

from dataclasses import dataclass

from ml.activate.export import normalise
from ml.activate.export.normalise import Normaliser

OF_THE_AUDIENCE = None


@dataclass(frozen=True)
class Field:
    """One column of a delivered file.

    `column` is its header, `source` the column of `customers` or of the plan it is made from (None: always
    empty, the header asks for it), `form` its normalisation, `hashed` whether SHA-256 leaves the house.
    """

    column: str
    source: str | None
    form: Normaliser = normalise.as_written
    hashed: bool = False


@dataclass(frozen=True)
class Destination:
    """One place.

    `channel` None: that of the audience. `identifiers` are the columns of which one at least must be filled; empty:
    the customer_id alone is enough. `removed_by` are the columns that name a person to be taken out.
    """

    key: str
    title: str
    fields: tuple[Field, ...]
    channel: str | None
    identifiers: tuple[str, ...]
    removed_by: tuple[str, ...]
    minimum_size: int
    has_values: bool = False
    suffix: str = "csv"

    @property
    def header(self) -> list[str]:
        """The columns of the delivered file, in their order."""
        return [field.column for field in self.fields]

    def channel_for(self, audience_channel: str) -> str:
        """The channel through which people of an audience are met here."""
        return self.channel or audience_channel


# Why a person is on the list and what is offered: for the brand's own tools, never for an advertising platform.
_WHY = tuple(Field(name, name) for name in ("audience", "reason", "offer", "item", "gesture"))

_GOOGLE = Destination(
    key="google",
    title="Google Customer Match",
    fields=(
        Field("Email", "email", normalise.email_gmail, hashed=True),
        Field("Phone", "phone", normalise.phone_plus, hashed=True),
        Field("First Name", "given_name", normalise.name, hashed=True),
        Field("Last Name", "family_name", normalise.name, hashed=True),
        Field("Country", "country", normalise.country_upper),
        Field("Zip", "postcode", normalise.postcode),
    ),
    channel="ads",
    identifiers=("Email", "Phone"),
    removed_by=("Email", "Phone"),
    minimum_size=100,
    has_values=True,
)
_META = Destination(
    key="meta",
    title="Meta Custom Audiences",
    fields=(
        Field("email", "email", normalise.email_lower, hashed=True),
        Field("phone", "phone", normalise.phone_digits, hashed=True),
        Field("madid", None),
        Field("fn", "given_name", normalise.name, hashed=True),
        Field("ln", "family_name", normalise.name, hashed=True),
        Field("zip", "postcode", normalise.postcode_joined, hashed=True),
        Field("ct", "city", normalise.city, hashed=True),
        Field("st", None, hashed=True),
        Field("country", "country", normalise.country_lower, hashed=True),
    ),
    channel="ads",
    identifiers=("email", "phone"),
    removed_by=("email", "phone"),
    minimum_size=100,
    has_values=True,
)
_TIKTOK = Destination(
    key="tiktok",
    title="TikTok Custom Audiences",
    fields=(
        Field("Email_SHA256", "email", normalise.email_without_plus, hashed=True),
        Field("Phone_SHA256", "phone", normalise.phone_digits, hashed=True),
    ),
    channel="ads",
    identifiers=("Email_SHA256", "Phone_SHA256"),
    removed_by=("Email_SHA256", "Phone_SHA256"),
    minimum_size=1_000,
)
_EMAIL = Destination(
    key="email",
    title="an e-mail tool",
    fields=(
        Field("customer_id", "customer_id"),
        Field("email", "email", normalise.mailbox_of_a_cell),
        Field("given_name", "given_name"),
        Field("family_name", "family_name"),
        *_WHY,
    ),
    channel="email",
    identifiers=("email",),
    removed_by=("customer_id",),
    minimum_size=1,
)
_PARQUET = Destination(
    key="parquet",
    title="a generic Parquet file",
    fields=(
        Field("customer_id", "customer_id"),
        Field("email_sha256", "email", normalise.email_lower, hashed=True),
        Field("phone_sha256", "phone", normalise.phone_plus, hashed=True),
        *_WHY,
    ),
    channel=OF_THE_AUDIENCE,
    identifiers=(),
    removed_by=("customer_id",),
    minimum_size=1,
    suffix="parquet",
)
DESTINATIONS = {one.key: one for one in (_GOOGLE, _META, _TIKTOK, _EMAIL, _PARQUET)}
