"""The way in for notebooks: a built home as an object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ml.errors import KithError
from ml.experiments.variant import Variant

if TYPE_CHECKING:
    import pandas as pd

    from ml.data.targets import Target
    from ml.learn.judging.trials import Trial
    from ml.learn.training.result import TrainingResult
    from ml.run import Run


@dataclass(frozen=True)
class Trained:
    """A training: what was changed, and what came of it (`result.metrics`, `result.backtest`, `result.bundle`, ...)."""

    target: Target
    variant: Variant
    result: TrainingResult

    def __repr__(self) -> str:
        served = self.result.metrics["served"]
        return (
            f"{self.target.key}, {self.variant.in_words()}: {self.result.served} serves, grade {self.result.grade}, "
            f"AUC {served['auc']:.3f}, log-loss {served['log_loss']:.4f} out of fold"
        )


@dataclass(frozen=True)
class Comparison:
    """Two trainings on the rows that both judged: a verdict in words, and the figures behind it."""

    verdict: str
    trial: Trial = field(repr=False)

    @property
    def figures(self) -> pd.DataFrame:
        """Measure, reference, variant, difference, and the ends of its interval."""
        return self.trial.figures

    @property
    def by_cutoff(self) -> pd.DataFrame:
        """What the variant saves at each cut-off: as_of_date, rows, gain, lower, upper."""
        return self.trial.by_cutoff


@dataclass(frozen=True)
class BrandHome:
    """A home folder built for one day. It is read; what is published and what serves stay as they are."""

    run: Run

    @property
    def as_of_date(self) -> date:
        """The day whose visible facts the home holds."""
        return self.run.as_of_date

    @property
    def targets(self) -> list[str]:
        """The targets by key, such as churn_90d."""
        return [target.key for target in self.run.targets]

    @property
    def families(self) -> dict[str, list[str]]:
        """The families of features, each with its features."""
        from ml.learn.training_rows import feature_families

        found: dict[str, list[str]] = {}
        for feature, family in sorted(feature_families(self.run).items()):
            found.setdefault(family, []).append(feature)
        return found

    def features(self, target: str) -> pd.DataFrame:
        """Features of a target's people at every matured cut-off: customer_id, as_of_date, a column per feature.

        Raises:
            KithError: the target is not listed, or the home lacks its labels (run `kith train` once).
        """
        return self._frames(target)[0]

    def labels(self, target: str) -> pd.DataFrame:
        """What became of them: customer_id, as_of_date, target, horizon_days, label (0 or 1)."""
        return self._frames(target)[1]

    def today(self, target: str) -> pd.DataFrame:
        """Features, on the day itself, of everybody whom the target asks about."""
        from ml.learn.training_rows import population_features

        return population_features(self.run, self._target(target))

    def train(
        self,
        target: str,
        *,
        with_families: Sequence[str] = (),
        without: Sequence[str] = (),
        parameters: Mapping[str, float] | None = None,
        rows: str | None = None,
    ) -> Trained:
        """Train one target as `kith train` would, with changes.

        Args:
            target: its name or key.
            with_families: families of features that are kept whatever the choice of families says.
            without: families that are left out.
            parameters: numbers of the trees (num_leaves, learning_rate, ...) or of the training.
            rows: a condition on features in SQL; only customers for whom it holds are learned from.

        Raises:
            KithError: something is unknown, or there is too little to learn from; the message says what to do.
        """
        from ml.experiments.arms import families_on_offer, train_arm
        from ml.learn.models.trees import TREE_PARAMETERS

        asked = self._target(target)
        changes = Variant(
            tuple(with_families), tuple(without), parameters=parameters or {}, rows=rows
        )
        changes.check(families_on_offer(self.run).values(), TREE_PARAMETERS)
        return Trained(asked, changes, train_arm(self.run, asked, changes))

    def compare(self, reference: Trained, variant: Trained) -> Comparison:
        """Hold one training against another, out of fold and paired by customer.

        Raises:
            KithError: they answer different questions, or judged no row in common.
        """
        from ml.experiments.report import verdict_of
        from ml.learn.definition import SEED
        from ml.learn.judging.trials import judge_trial

        if reference.target != variant.target:
            raise KithError(
                f"{reference.target.key} and {variant.target.key} are different questions; compare trainings of one."
            )
        try:
            trial = judge_trial(reference.result.oof, variant.result.oof, SEED)
        except ValueError as error:
            raise KithError(f"The two trainings cannot be compared: {error}.") from error
        return Comparison(verdict_of(trial), trial)

    def explain(self, customer_id: str, target: str) -> pd.DataFrame:
        """Why a customer has the score of today: one line per family, what pushes most first.

        Gives family, push (log-odds added beyond what is usual among those scored), feature (of the family, the one
        that pushes most), value, usual (of the customer in the middle) and words.

        Raises:
            KithError: nobody of that id is asked about today, or no model serves the target.
        """
        from ml.experiments.explanation import explain_customer

        return explain_customer(self.run, self._target(target), customer_id)

    def _frames(self, target: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        from ml.learn.training_rows import training_frames
        from ml.run import RunState

        RunState(self.run).require("labels", "train")
        return training_frames(self.run, self._target(target))

    def _target(self, name: str) -> Target:
        found = [target for target in self.run.targets if name in (target.name, target.key)]
        if len(found) != 1:
            raise KithError(
                f"'{name}' is not one target of this home. Known: {', '.join(self.targets)}."
            )
        return found[0]


def open_home(
    home: str | Path,
    *,
    targets: str | Path | None = None,
    report: Callable[[str], None] = print,
) -> BrandHome:
    """Open a home folder that `kith build` or `kith run` has filled.

    Args:
        home: the home folder.
        targets: the targets file it was built with, where that is not the default.
        report: receives lines of progress; `lambda line: None` for silence.

    Raises:
        KithError: nothing is built there.
    """
    from ml.home import Home
    from ml.run import Run, RunState

    root = Path(home).resolve()
    day = RunState.built_for(Home(root), "features")
    if day is None:
        raise KithError(
            f"{root} holds no features of any day. Run `kith build --home {home}` with a landing zone and a day first."
        )
    return BrandHome(Run.of(root, root, day, Path(targets) if targets else None, report))
