"""The data dictionary that lies beside the published tables, from the dbt documentation."""

from __future__ import annotations

from pathlib import Path

import yaml

from ml.serve.tables import DECLARATION


def write_dictionary(path: Path) -> None:
    """Write every published table, its grain, its key and its columns as Markdown."""
    models = yaml.safe_load(DECLARATION.read_text(encoding="utf-8"))["models"]
    lines = ["# Data dictionary", ""]
    for model in models:
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
