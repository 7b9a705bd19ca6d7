"""What sqlfluff sees in the place of dbt's adapter: enough for the templates to render without a warehouse."""

from collections.abc import Callable


def dispatch(macro: str) -> Callable[..., str]:
    """Render an engine's own expression as a name."""
    return lambda *_: f"{macro}_expression"


def quote(name: str) -> str:
    """Quote an identifier as DuckDB does."""
    return f'"{name}"'


def get_columns_in_relation(_: object) -> list[object]:
    """No table is there to look at."""
    return []
