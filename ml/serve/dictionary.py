"""The data dictionary that lies beside the published tables, from the dbt documentation."""

from __future__ import annotations

from pathlib import Path

from ml.serve.tables import declared_tables


def write_dictionary(path: Path) -> None:
    """Write every published table, its grain, its key and its columns as Markdown."""
    lines = ["# Data dictionary", ""]
    for model in declared_tables():
        lines += [f"## {model['name']}.parquet", "", model["description"].strip(), ""]
        lines += [
            f"Key: {', '.join(model['config']['meta']['key'])}",
            "",
            "| column | type | meaning |",
            "|---|---|---|",
        ]
        lines += [
            f"| {column['name']} | {column['data_type']} | {column.get('description', '').strip()} |"
            for column in model["columns"]
        ]
        lines.append("")
    path.write_text("\n".join(lines), encoding="utf-8")
