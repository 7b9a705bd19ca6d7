"""What each target asks, and of whom, in the words that stand beside its label in the dbt project."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from ml.data.targets import Target
from ml.home import DBT_PROJECT

LABELS_FILE = DBT_PROJECT / "models" / "labels" / "_labels.yml"


@dataclass(frozen=True)
class Question:
    """A target in two sentences for people."""

    asked: str
    of_whom: str


def question_of(target: Target) -> Question:
    """The question of a target with its own days in it."""
    models = yaml.safe_load(LABELS_FILE.read_text(encoding="utf-8"))["models"]
    (words,) = (
        model["config"]["meta"] for model in models if model["name"] == f"lbl_{target.name}"
    )
    return Question(
        asked=f"Will the customer {words['outcome']} within {target.horizon_days} days?",
        of_whom=f"Everybody who {words['population']} in the {target.population_days} days before, and did not "
        "refuse profiling.",
    )
