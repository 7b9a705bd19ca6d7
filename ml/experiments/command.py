"""From the options of `kith experiment` to an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml.data.targets import Target
from ml.errors import KithError
from ml.experiments.experiment import Outcome, run_experiment
from ml.experiments.variant import Variant, parse_parameters
from ml.run import Run


def experiment_of(run: Run, options: Mapping[str, Any]) -> Outcome:
    """Run the experiment that the options of the command line ask for."""
    variant = Variant(
        with_families=tuple(options["with_families"]),
        without_families=tuple(options["without_families"]),
        horizon_days=options["horizon_days"],
        population_days=options["population_days"],
        parameters=parse_parameters(options["parameters"]),
        rows=options["rows"],
    )
    target = one_target(run, options["target"], options["of_horizon"])
    return run_experiment(run, target, variant, options["name"])


def one_target(run: Run, name: str, horizon_days: int | None = None) -> Target:
    """The one target of a name, and of a horizon where the name has several.

    Raises:
        KithError: there is no such target, or several.
    """
    found = [
        target
        for target in run.target(name)
        if horizon_days is None or target.horizon_days == horizon_days
    ]
    if len(found) != 1:
        horizons = ", ".join(str(target.horizon_days) for target in run.target(name))
        raise KithError(
            f"The targets file lists '{name}' with the horizons {horizons}; say which one is meant with --of-horizon."
        )
    return found[0]
