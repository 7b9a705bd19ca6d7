"""The one module that talks to MLflow: runs, model versions, and which of them serves a given day.

A registered model `propensity_<target>_<horizon>d` has one version per training. Tags say for which
as_of_date it was trained (`as_of_date`) and from which as_of_date on it serves (`serves_from`). The
aliases `candidate` and `champion` point to the latest of each; a run at D looks at the tags instead, so
that it never serves a model that saw more than D.

Longer than other modules, because it is the only one that may import MLflow.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Read by MLflow when it is imported: no telemetry, no notes about git or pip in a user's log.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ASYNC_LOGGING", "false")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

from mlflow.entities import Run as MlflowRun
from mlflow.entities import ViewType
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from ml.data.targets import Target
from ml.errors import KithError
from ml.home import Home

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ml.learn.expected.bundle import ExpectedBundle
    from ml.learn.models.bundle import ModelBundle

# Where the files of a training lie among the artifacts of its run.
MODEL_FOLDER = "model"
RULE_FOLDER = "best_rule"
EXPECTED_FOLDER = "expected"
EVALUATION_FOLDER = "evaluation"
OOF_FILE = "out_of_fold.parquet"
UNJUDGED = "no"
"""Value of the tag `judged` of a model that no outcome could be held against."""

CANDIDATE = "candidate"
CHAMPION = "champion"


def model_name(target: Target) -> str:
    """Name of a target's experiment and registered model."""
    return f"propensity_{target.key}"


@dataclass(frozen=True)
class RegisteredModel:
    """One version of a registered model, with what its tags say."""

    name: str
    number: str
    run_id: str
    tags: Mapping[str, str]

    @property
    def as_of_date(self) -> date:
        """The day whose visible facts it was trained on."""
        return date.fromisoformat(self.tags["as_of_date"])

    @property
    def serves_from(self) -> date | None:
        """The first as_of_date it was promoted for, or None while it is a candidate."""
        value = self.tags.get("serves_from")
        return date.fromisoformat(value) if value else None

    @property
    def definition_hash(self) -> str:
        """Digest of the features, labels and settings it was trained with."""
        return self.tags["definition_hash"]


class Registry:
    """MLflow on the SQLite database of a home folder (or the server named by MLFLOW_TRACKING_URI)."""

    def __init__(self, home: Home) -> None:
        home.mlflow.mkdir(parents=True, exist_ok=True)
        for noisy in ("mlflow", "alembic"):
            logging.getLogger(noisy).setLevel(logging.ERROR)
        self._home = home
        uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home.mlflow / 'mlflow.db'}"
        # Never mlflow.set_tracking_uri: it writes the environment, and a second home in this process would read it.
        self._uri = uri
        self._client = MlflowClient(uri, registry_uri=uri)

    @staticmethod
    def exists(home: Home) -> bool:
        """Is there anything to look at: a database in the home folder, or a server?"""
        return bool(os.environ.get("MLFLOW_TRACKING_URI")) or (home.mlflow / "mlflow.db").exists()

    def log_run(
        self,
        of: Target | str,
        name: str,
        *,
        tags: Mapping[str, str],
        parameters: Mapping[str, Any],
        metrics: Mapping[str, float],
        texts: Mapping[str, str] | None = None,
        figures: Mapping[str, Figure] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> str:
        """Log one run, of a target's experiment or of another by its name, and return its id."""
        experiment = self._experiment(of if isinstance(of, str) else model_name(of))
        run_id = str(
            self._client.create_run(experiment, run_name=name, tags=dict(tags)).info.run_id
        )
        for key, value in parameters.items():
            self._client.log_param(run_id, key, value)
        for key, number in metrics.items():
            self._client.log_metric(run_id, key, float(number))
        for path, text in (texts or {}).items():
            self._client.log_text(run_id, text, path)
        for path, figure in (figures or {}).items():
            self._client.log_figure(run_id, figure, path)
        with tempfile.TemporaryDirectory() as folder:
            for path, content in (files or {}).items():
                local = Path(folder) / path
                local.parent.mkdir(parents=True, exist_ok=True)
                local.write_bytes(content)
            if files:
                self._client.log_artifacts(run_id, folder)
        self._client.set_terminated(run_id)
        return run_id

    def register(
        self,
        target: Target,
        run_id: str,
        bundle: ModelBundle,
        tags: Mapping[str, str],
        expected: ExpectedBundle | None = None,
    ) -> RegisteredModel:
        """Register the bundle logged by a run as a new version, the candidate.

        The tag `sha256` names everything that is served: the bundle, and what is expected beside its
        probability where there is such a thing.
        """
        name = model_name(target)
        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = f"{self._client.get_run(run_id).info.artifact_uri}/{MODEL_FOLDER}"
        digests = {"sha256": bundle.sha256}
        if expected is not None:
            parts = {"model_sha256": bundle.sha256, "expected_sha256": expected.sha256}
            digests = {
                "sha256": hashlib.sha256(repr(sorted(parts.items())).encode()).hexdigest(),
                **parts,
            }
        all_tags = {**tags, **digests, "grade": bundle.grade}
        version = self._client.create_model_version(
            name, source, run_id, tags=all_tags, await_creation_for=0
        )
        self._client.set_registered_model_alias(name, CANDIDATE, version.version)
        return _registered(version, all_tags)

    def describe(self, model: RegisteredModel, about: str, card: str) -> None:
        """Put words beside a model and one version of it; MLflow keeps 5,000 characters of each."""
        self._client.update_registered_model(model.name, about)
        self._client.update_model_version(model.name, model.number, card)

    def versions(self, target: Target, as_of_date: date) -> list[RegisteredModel]:
        """All versions trained on facts visible at `as_of_date` or earlier, oldest first."""
        wanted = f"name = '{model_name(target)}'"
        found = self._client.search_model_versions(wanted, max_results=10_000)
        models = [_registered(version, version.tags) for version in found]
        return sorted(
            (model for model in models if model.as_of_date <= as_of_date),
            key=lambda model: (model.as_of_date, int(model.number)),
        )

    def candidate(self, target: Target, as_of_date: date) -> RegisteredModel | None:
        """The latest version trained at `as_of_date` or earlier."""
        return next(reversed(self.versions(target, as_of_date)), None)

    def champion(
        self, target: Target, as_of_date: date, definition_hash: str
    ) -> RegisteredModel | None:
        """The version that serves a run at `as_of_date`: promoted by then, of the same definition."""
        serving = [
            model
            for model in self.versions(target, as_of_date)
            if model.serves_from is not None
            and model.serves_from <= as_of_date
            and model.definition_hash == definition_hash
        ]
        return max(
            serving,
            key=lambda model: (model.serves_from or date.min, int(model.number)),
            default=None,
        )

    def figures(self, name: str, sha256: str) -> dict[str, float]:
        """What the training of a version logged, by metric; `rule` stands for the best simple rule.

        Nothing where the registry does not know the version.
        """
        for version in self._client.search_model_versions(f"name = '{name}'", max_results=10_000):
            if version.tags.get("sha256") == sha256:
                metrics = dict(self._client.get_run(version.run_id).data.metrics)
                best_rule = version.tags["best_rule"].replace("rule:", "rule_") + "."
                return metrics | {
                    f"rule.{metric.removeprefix(best_rule)}": value
                    for metric, value in metrics.items()
                    if metric.startswith(best_rule)
                }
        return {}

    def promote(self, target: Target, model: RegisteredModel, as_of_date: date) -> None:
        """Let a version serve from `as_of_date` on; the alias `champion` follows the latest such day."""
        self._client.set_model_version_tag(
            model.name, model.number, "serves_from", as_of_date.isoformat()
        )
        latest = max(
            (other.serves_from for other in self.versions(target, date.max) if other.serves_from),
            default=as_of_date,
        )
        if as_of_date >= latest:
            self._client.set_registered_model_alias(model.name, CHAMPION, model.number)

    def load(self, model: RegisteredModel) -> ModelBundle:
        """Read a version's files back.

        Raises:
            KithError: the files do not have the SHA-256 under which they were registered.
        """
        # Brings scikit-learn and LightGBM: only those who predict pay for it.
        from ml.learn.models.bundle import ModelBundle

        try:
            bundle = ModelBundle.from_files(self.files(model, MODEL_FOLDER))
            found = bundle.sha256
        except (ValueError, KeyError, TypeError):
            found = "nothing that can be read"
        _require_unchanged(model, model.tags.get("model_sha256", model.tags["sha256"]), found)
        return bundle

    def load_expected(self, model: RegisteredModel) -> ExpectedBundle | None:
        """Read back what stands beside a version's probability; None where it was registered without.

        Raises:
            KithError: the files do not have the SHA-256 under which they were registered.
        """
        from ml.learn.expected.bundle import ExpectedBundle

        if "expected_sha256" not in model.tags:
            return None
        try:
            expected = ExpectedBundle.from_files(self.files(model, EXPECTED_FOLDER))
            found = expected.sha256
        except (ValueError, KeyError, TypeError):
            found = "nothing that can be read"
        _require_unchanged(model, model.tags["expected_sha256"], found)
        return expected

    def files(self, model: RegisteredModel, folder: str) -> dict[str, bytes]:
        """The files of one artifact folder of the run that made a version, by name."""
        return self.files_of(model.run_id, folder)

    def files_of(self, run_id: str, folder: str) -> dict[str, bytes]:
        """The files of one artifact folder of a run, by name."""
        with tempfile.TemporaryDirectory() as target:
            local = Path(self._client.download_artifacts(run_id, folder, target))
            return {path.name: path.read_bytes() for path in sorted(local.iterdir())}

    def runs_in(self, experiment_name: str) -> list[tuple[str, dict[str, str]]]:
        """The runs of an experiment that ended well, as (id, tags), the first logged first."""
        found = self._client.get_experiment_by_name(experiment_name)
        if found is None:
            return []
        runs = [run for run in self._runs([found.experiment_id]) if run.info.status == "FINISHED"]
        runs.sort(key=lambda run: (run.info.start_time, run.info.run_id))
        return [(str(run.info.run_id), dict(run.data.tags)) for run in runs]

    def rewrite_samples(self, rewrite: Callable[[bytes], bytes | None]) -> int:
        """Pass every Parquet artifact of every run, deleted ones too, through `rewrite`.

        `rewrite` gives the new content, or None where a file stays as it is. Gives the number of files
        written anew.

        Raises:
            KithError: MLflow, or a file of it, cannot be reached.
        """
        try:
            return self._rewrite_samples(rewrite)
        except (MlflowException, OSError) as error:
            raise KithError(
                f"MLflow's data samples ({self._uri.split('://')[0]}) could not all be rewritten "
                f"({type(error).__name__}). See to it that MLflow can be reached, and run again."
            ) from error

    def _rewrite_samples(self, rewrite: Callable[[bytes], bytes | None]) -> int:
        written = 0
        experiments = self._client.search_experiments(view_type=ViewType.ALL, max_results=1000)
        for run in self._runs([experiment.experiment_id for experiment in experiments]):
            for path in self._samples(run.info.run_id):
                with tempfile.TemporaryDirectory() as folder:
                    local = Path(self._client.download_artifacts(run.info.run_id, path, folder))
                    content = rewrite(local.read_bytes())
                    if content is None:
                        continue
                    local.write_bytes(content)
                    self._client.log_artifact(
                        run.info.run_id, str(local), path.rpartition("/")[0] or None
                    )
                    written += 1
        return written

    def _runs(self, experiment_ids: list[str]) -> Iterator[MlflowRun]:
        token = None
        while experiment_ids:
            page = self._client.search_runs(
                experiment_ids, run_view_type=ViewType.ALL, max_results=1000, page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    def _samples(self, run_id: str, folder: str | None = None) -> Iterator[str]:
        for found in self._client.list_artifacts(run_id, folder):
            if found.is_dir:
                yield from self._samples(run_id, found.path)
            elif found.path.endswith(".parquet"):
                yield found.path

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = None
        if not self._uri.startswith("http"):  # a server keeps its artifacts itself
            location = (self._home.mlflow / "artifacts" / name).as_uri()
        return str(self._client.create_experiment(name, artifact_location=location))


def _registered(version: ModelVersion, tags: Mapping[str, str]) -> RegisteredModel:
    return RegisteredModel(str(version.name), str(version.version), str(version.run_id), dict(tags))


def _require_unchanged(model: RegisteredModel, registered: str, found: str) -> None:
    if found != registered:
        raise KithError(
            f"The files of {model.name} version {model.number} in the model registry do not match the SHA-256 "
            f"they were registered with ({registered[:12]}…, found {found[:24]}). Somebody changed them; "
            "train again with `kith train`."
        )
