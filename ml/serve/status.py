"""What is published, from when, and how good: read from the manifests alone, so that it is quick."""

from __future__ import annotations

from typing import Any

from ml.home import Home
from ml.serve.mirror import describe_mirror
from ml.serve.versions import Versions


def describe_home(home: Home) -> list[str]:
    """Lines for people about the versions of a home folder."""
    versions = Versions(home)
    current = versions.current()
    if current is None:
        return [f"{home.root}: nothing is published yet. `kith run` publishes a first version."]
    manifest = current.manifest
    lines = [
        f"current version: {current.name}",
        f"as of {current.as_of_date}; facts count as complete before {manifest['complete_until']}",
        f"audit: {manifest['audit']['result']} ({manifest['audit']['rules']} rules)",
    ]
    if changed := manifest["audit"].get("changed_ids"):
        lines.append(
            f"ids: {changed['records']:,} records have other ids than on the same day in {changed['version']}"
        )
    lines += [_describe_model(model) for model in manifest["models"]]
    if home.latest_monitoring.exists():
        lines += home.latest_monitoring.read_text(encoding="utf-8").splitlines()
    lines += ["tables:"] + [
        f"  {file['name']}: {file['rows']:,} rows" for file in manifest["files"]
    ]
    lines += describe_mirror(home, current)
    others = [version.name for version in versions.all() if version.name != current.name]
    lines.append(f"other versions: {', '.join(others) or 'none'}")
    lines.append(f"files: {versions.folder / current.name}")
    return lines


def _describe_model(model: dict[str, Any]) -> str:
    what = f"{model['target']} within {model['horizon_days']} days"
    if model["status"] == "scored":
        return (
            f"{what}: grade {model['quality_grade']}, {model['population']:,} customers scored, base rate "
            f"{model['base_rate']:.1%}, model {model['model_version']} trained as of {model['trained_as_of']}"
        )
    return (
        f"{what}: not scored ({model['reason_code']}): {model['customers_with'] or 0:,} customers with the outcome and "
        f"{model['customers_without'] or 0:,} without, {model['customers_needed'] or 0:,} of each needed"
    )
