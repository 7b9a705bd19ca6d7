"""What marketing declares: one file per audience in `dbt_project/seeds/audiences`, named after its key."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from ml.activate.channels import NEEDED_CONSENTS
from ml.errors import KithError
from ml.home import SEEDS

FOLDER = SEEDS / "audiences"
KEY_PATTERN = r"^[a-z][a-z0-9_]{1,62}$"
# Money to expect within the horizon, probability included: whom a short list must not miss.
EXPECTED_GAIN = "next_order_expected_amount"
MOST_CHARACTERS = 2_000

Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
Sql = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_CHARACTERS)
]
Channel = Literal["email", "sms", "push", "ads", "store", "call", "none"]


class Audience(BaseModel):
    """One list of people, as its file declares it; frozen, and no field beyond these.

    `holdout_share` None: the setting `holdout_share`; a list with channel `none` holds nobody out.
    `size_cap` None: no limit. `order_by` says who comes first where there is a cap, greatest first.
    `gesture` is a SQL expression that says what fits this person, shown beside every member.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key
    title: Words
    meaning: Words
    rule: Sql
    priority: int = Field(ge=1, le=1_000)
    channel: Channel
    expected_outcome: Words
    size_cap: int | None = Field(None, ge=1)
    holdout_share: float | None = Field(None, ge=0, le=0.9)
    purpose: Key
    order_by: Sql = EXPECTED_GAIN
    gesture: Sql | None = None
    retired_on: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _its_own_purpose(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("purpose") is None:
            return {**values, "purpose": values.get("key")}
        return values

    @model_validator(mode="after")
    def _nobody_to_hold_out(self) -> Audience:
        if self.channel == "none" and self.holdout_share:
            raise ValueError(
                "an audience with channel 'none' is never contacted, so that there is nobody to hold out: leave "
                "holdout_share away"
            )
        return self

    def is_used(self, day: date) -> bool:
        """Tell whether the list is made for a day: it is not retired by then."""
        return self.retired_on is None or day < self.retired_on

    @property
    def consents(self) -> tuple[str, ...]:
        """The purposes that a member has said yes to."""
        return NEEDED_CONSENTS.get(self.channel, ())

    def held_out(self, usual: float) -> float:
        """The share of its people that is left alone; `usual` is the setting."""
        if self.channel == "none":
            return 0.0
        return usual if self.holdout_share is None else self.holdout_share


def declared_audiences(folder: Path = FOLDER) -> dict[str, Audience]:
    """Every declared audience by key, in alphabetical order; those retired too.

    Raises:
        KithError: a file does not parse, lacks a field, has one too many, or holds a value of the wrong kind;
            or audiences of one purpose ask for different holdouts.
    """
    return dict(_declared(folder))


@cache
def _declared(folder: Path) -> dict[str, Audience]:
    found = {path.stem: read_audience(path) for path in sorted(folder.glob("*.yml"))}
    _agree_on_holdouts(found, folder)
    return found


def read_audience(path: Path) -> Audience:
    """Read one declaration; the key is the file's name.

    Raises:
        KithError: as for `declared_audiences`.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise KithError(
            f"The audience in {path} cannot be read: {error}. Make it a readable text file."
        ) from error
    except yaml.YAMLError as error:
        raise KithError(
            f"The audience in {path} is not valid YAML: {' '.join(str(error).split())}. A text that holds a colon or "
            "begins with a quote is written between quotes, or below `>-`."
        ) from error
    if not isinstance(values, dict):
        raise KithError(
            f"The audience in {path} must be fields and their values, such as `title: Ready to buy`; found "
            f"{_told(values)}."
        )
    if "key" in values:
        raise KithError(
            f"The audience in {path} states a key ({_told(values['key'])}); the key is the name of the file. Take the "
            "field away."
        )
    try:
        return Audience(**{str(name): value for name, value in values.items()}, key=path.stem)
    except ValidationError as error:
        raise KithError(_explain(path, error)) from error


def _explain(path: Path, error: ValidationError) -> str:
    told = []
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "missing":
            told.append(f"the field {field} is missing")
        elif problem["type"] == "extra_forbidden":
            told.append(f"there is no field {field}")
        elif field in ("key", "purpose") and problem["type"] == "string_pattern_mismatch":
            told.append(
                f"{field} {_told(problem['input'])} must be small letters, digits and _, a letter first, at most 63"
            )
        elif not field:
            told.append(problem["msg"].removeprefix("Value error, "))
        else:
            told.append(f"{field}: {problem['msg'].lower()}, found {_told(problem['input'])}")
    return (
        f"The audience in {path} cannot be used: {'; '.join(dict.fromkeys(told))}. Fields: "
        f"{', '.join(name for name in Audience.model_fields if name != 'key')}; docs/audiences.md says what each means."
    )


def _agree_on_holdouts(audiences: dict[str, Audience], folder: Path) -> None:
    """One purpose has one holdout: who is left alone there is left alone by all its lists."""
    first: dict[str, Audience] = {}
    for audience in audiences.values():
        if audience.channel == "none":
            continue
        other = first.setdefault(audience.purpose, audience)
        if other.holdout_share != audience.holdout_share:
            raise KithError(
                f"The audiences {other.key} and {audience.key} in {folder} share the purpose '{audience.purpose}' and "
                f"ask for different holdouts ({_share(other)} and {_share(audience)}): the same people are left "
                "alone by every list of a purpose. Give both the same holdout_share, or one its own purpose."
            )


def _share(audience: Audience) -> str:
    return "the setting" if audience.holdout_share is None else f"{audience.holdout_share:g}"


def _told(value: object) -> str:
    text = " ".join(str(value).split())
    return f"'{text if len(text) <= 60 else text[:57] + '...'}'"
