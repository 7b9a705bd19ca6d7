"""The comparisons as Splink takes them: Fellegi and Sunter's model, for one engine or another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splink import SettingsCreator
from splink.comparison_level_library import CustomLevel, ElseLevel

from ml.matching.comparisons import COMPARISONS, LEVELS, Level, Probabilities


def custom_level(level: Level) -> CustomLevel:
    """A level as Splink takes it, on DuckDB."""
    return CustomLevel(level.sql, level.label, base_dialect_str="duckdb")


def splink_settings(
    m: Probabilities | None = None,
    u: Probabilities | None = None,
    custom: Callable[[Level], CustomLevel] = custom_level,
) -> SettingsCreator:
    """The model for Splink, with given probabilities of each comparison's levels or with none yet.

    Args:
        m: by comparison, of each level but the unknown one.
        u: likewise.
        custom: writes a level for the engine that compares.
    """
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="state_no",
        comparisons=[
            _comparison(name, custom, m[name] if m else None, u[name] if u else None)
            for name in COMPARISONS
        ],
        retain_intermediate_calculation_columns=True,
        em_convergence=0.001,
        max_iterations=25,
    )


def _comparison(
    name: str,
    custom: Callable[[Level], CustomLevel],
    m: list[float] | None,
    u: list[float] | None,
) -> dict[str, Any]:
    unknown, *known = LEVELS[name]
    made = [custom(unknown).configure(is_null_level=True)]
    for place, level in enumerate(known):
        one = ElseLevel() if level.sql == "else" else custom(level)
        chances: dict[str, Any] = {"label_for_charts": level.label}
        if m and u:
            chances |= {"m_probability": m[place], "u_probability": u[place]}
        made.append(one.configure(**chances))
    return {"output_column_name": name, "comparison_levels": made}
