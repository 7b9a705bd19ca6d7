"""A variant: what an experiment changes in how a target is trained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ml.data.targets import MOST_DAYS, Target
from ml.errors import KithError

# Numbers of a training that are no parameters of the trees: arguments of `train`.
TRAINING_PARAMETERS = ("half_life_days", "search_trials")


@dataclass(frozen=True)
class Variant:
    """Changes against the champion's configuration; without any, it is that configuration.

    ``with_families`` are there and kept whatever the choice of families says, ``without_families`` are left out.
    ``parameters`` are numbers of the trees or of the training. ``rows`` is a condition on features in SQL: only
    customers for whom it holds are learned from.
    """

    with_families: tuple[str, ...] = ()
    without_families: tuple[str, ...] = ()
    horizon_days: int | None = None
    population_days: int | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    rows: str | None = None

    def target(self, of: Target) -> Target:
        """The target with the variant's own horizon and population."""
        return Target(
            of.name,
            self.horizon_days or of.horizon_days,
            self.population_days or of.population_days,
        )

    def in_words(self) -> str:
        """What is changed, in a few words."""
        changes = [
            *(f"with {family}" for family in self.with_families),
            *(f"without {family}" for family in self.without_families),
            *([f"horizon {self.horizon_days} days"] if self.horizon_days else []),
            *([f"population of {self.population_days} days"] if self.population_days else []),
            *(f"{name} = {value:g}" for name, value in sorted(self.parameters.items())),
            *([f"only where {self.rows}"] if self.rows else []),
        ]
        return ", ".join(changes) or "nothing changed"

    def slug(self, target: Target) -> str:
        """A name for files and runs."""
        words = re.sub(r"[^a-z0-9.]+", "-", f"{target.key} {self.in_words()}".lower())
        return words.strip("-.")[:80]

    def check(self, families: Iterable[str], tree_parameters: Sequence[str]) -> None:
        """Stop at what cannot be tried.

        Raises:
            KithError: an unknown family or parameter, days out of range, or a family both in and out.
        """
        known = sorted(set(families))
        for family in (*self.with_families, *self.without_families):
            if family not in known:
                raise KithError(
                    f"There is no family of features '{family}' on this day. Known: {', '.join(known)}. A family that "
                    "is new or was switched on just now needs `kith build` for the day first."
                )
        if both := set(self.with_families) & set(self.without_families):
            raise KithError(
                f"The family '{min(both)}' is asked for with --with and --without; give one of the two."
            )
        if set(known) <= set(self.without_families):
            raise KithError(
                "An experiment needs at least one family of features; all are left out."
            )
        for name in ("horizon_days", "population_days"):
            days = getattr(self, name)
            if days is not None and not 1 <= days <= MOST_DAYS:
                raise KithError(f"{name} must be 1 to {MOST_DAYS:,}, found {days}.")
        numbers = (*tree_parameters, *TRAINING_PARAMETERS)
        for name in self.parameters:
            if name not in numbers:
                raise KithError(
                    f"'{name}' is no parameter that an experiment can set. Known: {', '.join(numbers)}."
                )

    def changes(self, families: Mapping[str, str], base: str) -> dict[str, object]:
        """The arguments of `train` that differ: families and numbers.

        ``base`` is a family that is always kept; those of ``with_families`` count as part of it.
        """
        kept = {
            name: base if family in self.with_families else family
            for name, family in families.items()
            if family not in self.without_families
        }
        training = {n: self.parameters[n] for n in TRAINING_PARAMETERS if n in self.parameters}
        trees = {n: v for n, v in self.parameters.items() if n not in training}
        if "search_trials" in training:
            training["search_trials"] = int(training["search_trials"])
        return {"families": kept, "parameters": trees, **training}


def parse_parameters(texts: Iterable[str]) -> dict[str, float]:
    """Numbers given as name=value.

    Raises:
        KithError: one is not of that form.
    """
    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            example = "num_leaves=4"
            raise KithError(
                f"--parameter takes a name and a number, such as {example}; found '{text}'."
            ) from error
    return found
