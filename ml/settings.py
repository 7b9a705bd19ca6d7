"""Every scalar setting of a run, typed and validated in one place.

Values come from `KITH_*` environment variables, then from `kith.toml` in the home folder, then from
the defaults below. Lists (targets, tags, level rules, audiences) live in `dbt_project/seeds`.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from ml.errors import KithError
from ml.setting_types import Day, ObjectStore, Share, TimeZone

SETTINGS_FILE = "kith.toml"

# What may differ between two runs that publish the same bytes.
NOT_PART_OF_THE_RUN = {
    *("threads", "memory_limit", "rates_file", "audience_seconds", "published_to"),
    # Both engines publish the same.
    *("engine", "spark_master", "spark_conf"),
    # What is planned and exported comes after publishing and does not change the version.
    *("daily_contacts", "daily_contact_budget", "assumed_effect_share"),
    *("max_score_age_days", "min_list_size", "suppression_file"),
    *("bid_margin_share", "bid_cap_quantile", "most_bid_value"),
    *("effect_days", "effect_stay_days", "least_effect", "max_uplift_rows"),
}


class SourceSettings(BaseModel):
    """What holds for one source of the landing zone, from `[source.NAME]` in kith.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: TimeZone | None = None


class Settings(BaseSettings):
    """The settings of a home folder; field names are the keys of kith.toml."""

    model_config = SettingsConfigDict(env_prefix="KITH_", extra="forbid", frozen=True)

    timezone: TimeZone = Field(
        "UTC", description="The brand's time zone: as_of_date is 00:00 there."
    )
    source: dict[str, SourceSettings] = Field(default_factory=dict)
    default_country: str | None = Field(
        None, pattern="^[A-Z]{2}$", description="Country of phone numbers without a country code."
    )
    currency: str | None = Field(
        None, pattern="^[A-Z]{3}$", description="The currency amounts are reported in."
    )
    rates_file: Path | None = Field(None, description="CSV currency,rate: brand currency per unit.")
    label_lag_days: int | None = Field(
        None, ge=0, description="Days a fact may be late; measured from the data when absent."
    )
    profiling_default: bool = Field(True, description="May a person who said nothing be profiled?")
    max_bad_share: Share = 0.02
    max_bad_share_entity: Share = 0.10
    min_bad_rows_entity: int = Field(200, ge=1)
    min_class_customers: int = Field(200, ge=2)
    min_returned_customers: int = Field(
        30, ge=2, description="Customers who bought twice that a model of histories alone needs."
    )
    search_trials: int = Field(
        3, ge=0, description="Settings of the trees tried in each training; below 2 none."
    )
    max_training_rows: int = Field(300_000, ge=1_000)
    retrain_after_days: int = Field(7, ge=1)
    holdout_share: Share = 0.10
    holdout_key: str = Field(
        "holdout",
        min_length=1,
        max_length=100,
        description="Keys the draw of who is held out; another key draws all groups anew.",
    )
    audience_seconds: int = Field(
        20, ge=1, description="Seconds that the rule of an audience may take when it is tried."
    )
    reward_share: Share = Field(
        0.05, description="Share of the revenue brought that is handed out to who brought it."
    )
    effect_days: int = Field(
        14, ge=1, le=365, description="Days after a list went out in which its effect is read."
    )
    effect_stay_days: int = Field(
        90, ge=1, le=730, description="Days without an order that count as having left a list."
    )
    least_effect: Share = Field(
        0.01, description="A message that changes a chance by less than this does not matter."
    )
    max_uplift_rows: int = Field(
        400_000, ge=1_000, description="Randomised contacts that one effect model learns from."
    )
    recommend_horizon_days: int = Field(
        30, ge=1, description="Days within which an offer has to be taken up to count as a hit."
    )
    recommend_unsold_days: int = Field(
        90, ge=1, description="What nobody bought for so long is not offered."
    )
    recommend_new_days: int = Field(
        60, ge=0, description="So long after its launch a product is new and offered unsold."
    )
    recommend_repeat_share: Share = Field(
        0.02, description="Where fewer buyers bought the same again, things are bought once only."
    )
    recommend_rest_days: int = Field(
        365, ge=0, description="What is bought once only is not offered so long after its purchase."
    )
    match_weight: float = Field(
        1.0, ge=-10, le=40, description="Bits of evidence from which two records are one person."
    )
    max_customer_records: int = Field(
        100, ge=2, description="A customer of more records is cut at its weakest evidence."
    )
    daily_contacts: int | None = Field(
        None, ge=0, description="Most contacts planned for a day, over all channels together."
    )
    daily_contact_budget: float | None = Field(
        None, ge=0, description="Most money that a day's planned contacts may cost."
    )
    assumed_effect_share: Share = Field(
        0.03,
        description="Where no effect was measured: share of the chance to buy that a message adds.",
    )
    max_score_age_days: int = Field(
        3,
        ge=0,
        description="Days a published version may be old for a list to be exported from it.",
    )
    min_list_size: int | None = Field(
        None, ge=1, description="Fewest people of an exported list; each destination has its own."
    )
    suppression_file: Path = Field(
        Path("suppression.csv"), description="CSV kind,value of whom never to contact."
    )
    bid_margin_share: Share = Field(0.30, description="Share of an order's money that is margin.")
    bid_cap_quantile: Share = Field(
        0.99, description="Bid values end at this quantile of the positive ones."
    )
    most_bid_value: float | None = Field(None, gt=0, description="No bid value is greater.")
    published_to: ObjectStore | None = Field(
        None, description="Object store that mirrors what is published: s3://bucket/prefix."
    )
    schedule_start: Day | None = Field(
        None, pattern=r"^\d{4}-\d{2}-\d{2}$", description="First day the DAGs catch up from."
    )
    engine: Literal["duckdb", "spark"] = Field(
        "duckdb", description="What runs the SQL: DuckDB in one process, or Spark."
    )
    spark_master: str | None = Field(
        None,
        pattern=r"^(local|spark:|yarn|k8s:)",
        description="Master of the Spark session; `local[threads]` when absent.",
    )
    spark_conf: dict[str, str] = Field(
        default_factory=dict, description="Further properties of the Spark session, by name."
    )
    threads: int = Field(2, ge=1)
    memory_limit: str = Field("8GB", pattern=r"^\d+(\.\d+)?\s?(MB|GB|TB)$")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over kith.toml, whose values arrive as init arguments."""
        return env_settings, init_settings

    def fingerprint(self) -> str:
        """Digest of every setting that can change what is published (no paths, no threads)."""
        values = self.model_dump(mode="json", exclude=NOT_PART_OF_THE_RUN)
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def load_settings(home: Path) -> Settings:
    """Read the settings of a home folder.

    Raises:
        KithError: kith.toml cannot be read, does not parse, or a value has the wrong type or name.
    """
    path = home / SETTINGS_FILE
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise KithError(
                f"{path} is not valid TOML: {error}. Mend the line and run again."
            ) from error
        except OSError as error:
            raise KithError(
                f"{path} cannot be read: {error.strerror}. Make it a readable text file and run again."
            ) from error
    try:
        settings = Settings(**values)
        if settings.rates_file is None:
            return settings
        # A relative path means the same from wherever a step is started.
        return settings.model_copy(update={"rates_file": home / settings.rates_file})
    except SettingsError as error:
        raise KithError(
            f"A KITH_* variable is wrong: {error}. A setting with several values, such as KITH_SOURCE, "
            'is written as JSON: {"web": {"timezone": "Asia/Tokyo"}}.'
        ) from error
    except ValidationError as error:
        found = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )
        raise KithError(
            f"A setting in {path} or a KITH_* variable is wrong: {found}. "
            f"Known settings: {', '.join(Settings.model_fields)}."
        ) from error
