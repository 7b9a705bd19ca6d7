"""The step `kith uplift`: fit effect models when due, and say of everybody what a message would change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta

from ml.activate.tables import UPLIFT, UPLIFT_QUALITY, write_parts
from ml.activate.uplift.bundle import EffectModel, digest_of_files
from ml.activate.uplift.contacts import KEYS, Contacts, contacts_of
from ml.activate.uplift.fit import SEED, fit_channel
from ml.activate.uplift.outcomes import OUTCOMES
from ml.activate.uplift.tables import QUALITY_COLUMNS, UPLIFT_COLUMNS, quality_rows, uplift_rows
from ml.errors import KithError
from ml.learn.registry import Registry
from ml.run import Run, digest_of
from ml.serve.versions import Version, Versions

FOLDER = "effect"


def estimate_effects(run: Run) -> None:
    """Write `uplift`, `uplift_quality` and their page for the current version, which must be of the run's day.

    Raises:
        KithError: nothing is published for that day, the warehouse is built for another, or a model was changed.
    """
    version = current_version(run)
    with contacts_of(run) as contacts:
        scored = contacts.scored()
        eligible = contacts.eligible()
        models = _models(run, contacts, [str(name) for name in scored if name not in KEYS])
    folder = run.home.activation_version(version.name)
    parts = (
        uplift_rows(
            model,
            scored,
            set(eligible.loc[eligible["channel"] == model.channel, "customer_id"]),
            run.home.settings.least_effect,
        )
        for model in models
    )
    rows = write_parts(folder / UPLIFT, UPLIFT_COLUMNS, parts)
    write_parts(folder / UPLIFT_QUALITY, QUALITY_COLUMNS, [quality_rows(models)])
    _report(run, models, rows)


def current_version(run: Run) -> Version:
    """The version that readers see, if it is of the run's day.

    Raises:
        KithError: it is of another day, or there is none.
    """
    version = Versions(run.home).current()
    if version is None or version.as_of_date != run.as_of_date:
        seen = f"the current version is {version.name}" if version else "nothing is published"
        raise KithError(
            f"This step belongs to the version published for {run.as_of_date}, but in {run.home.root} {seen}. Run "
            "`kith run` for that day first, or give the day of the current version."
        )
    return version


def _models(run: Run, contacts: Contacts, features: list[str]) -> list[EffectModel]:
    settings = run.home.settings
    numbers = (
        SEED,
        settings.holdout_share,
        settings.effect_days,
        settings.effect_stay_days,
        settings.max_uplift_rows,
        settings.min_class_customers,
    )
    definition = digest_of(
        json.dumps(part, default=str) for part in (features, contacts.declared(), numbers)
    )
    kept = _kept(run, Registry(run.home), definition) if Registry.exists(run.home) else []
    if kept:
        run.report(f"effects: models of {len(kept)} questions are fresh enough")
        return kept
    contacts.draw()
    models: list[EffectModel] = []
    for channel in contacts.channels():
        everyone, learning = contacts.everyone(channel), contacts.learning(channel)
        run.report(
            f"effects: {len(everyone):,} randomised contacts by {channel}, {len(learning):,} of them with features"
        )
        models += fit_channel(
            channel, everyone, learning, features, settings.min_class_customers, settings.threads
        )
    if models:
        _log(run, Registry(run.home), definition, models)
    return models


def _kept(run: Run, registry: Registry, definition: str) -> list[EffectModel]:
    """The models of the latest fitting that is not too old, or nothing."""
    oldest = run.as_of_date - timedelta(days=run.home.settings.retrain_after_days)
    found: dict[tuple[str, str], tuple[date, str, dict[str, str]]] = {}
    for outcome in OUTCOMES:
        for run_id, tags in registry.runs_in(experiment_of(outcome.name)):
            fitted_on = date.fromisoformat(tags["as_of_date"])
            if tags["definition"] != definition or not oldest < fitted_on <= run.as_of_date:
                continue
            key = (tags["channel"], outcome.name)
            if key not in found or found[key][0] <= fitted_on:
                found[key] = (fitted_on, run_id, tags)
    if len({fitted_on for fitted_on, _, _ in found.values()}) != 1:
        return []
    models = [
        _read(registry, run_id, tags)
        for fitted_on, run_id, tags in (found[key] for key in sorted(found))
    ]
    complete = {tags["questions"] for _, _, tags in found.values()} == {str(len(models))}
    return _ordered(models) if complete else []


def _read(registry: Registry, run_id: str, tags: dict[str, str]) -> EffectModel:
    files = registry.files_of(run_id, FOLDER)
    if digest_of_files(files) != tags["sha256"]:
        raise KithError(
            f"The files of the effect model of run {run_id} in MLflow do not match the SHA-256 they were logged with. "
            "Somebody changed them; delete that run and call `kith uplift` again."
        )
    return EffectModel.from_files(files)


def _ordered(models: list[EffectModel]) -> list[EffectModel]:
    place = {outcome.name: number for number, outcome in enumerate(OUTCOMES)}
    return sorted(models, key=lambda model: (model.channel, place[model.outcome]))


def experiment_of(outcome: str) -> str:
    """Name of the MLflow experiment of an outcome."""
    return f"uplift_{outcome}"


def _log(run: Run, registry: Registry, definition: str, models: list[EffectModel]) -> None:
    from ml.activate.uplift.card import card_of
    from ml.activate.uplift.plots import decile_plot, qini_plot

    for model in models:
        files = model.to_files()
        figures = {}
        if model.curve:
            figures = {"qini.png": qini_plot(model), "deciles.png": decile_plot(model)}
        registry.log_run(
            experiment_of(model.outcome),
            f"{model.channel} {run.as_of_date}",
            tags={
                "as_of_date": run.as_of_date.isoformat(),
                "channel": model.channel,
                "definition": definition,
                "sha256": digest_of_files(files),
                "questions": str(len(models)),
                "status": model.status,
                "reason": model.reason or "",
            },
            parameters={"channel": model.channel, "horizon_days": model.horizon_days, "seed": SEED},
            metrics=dict(_metrics(model)),
            texts={"card.md": card_of(model)},
            figures=figures,
            files={f"{FOLDER}/{name}": content for name, content in files.items()},
        )


def _metrics(model: EffectModel) -> Iterator[tuple[str, float]]:
    for row in model.quality:
        name = row["measure"] if row["decile"] is None else f"{row['measure']}_{row['decile']}"
        for end in ("value", "low", "high"):
            if row[end] is not None:
                yield name if end == "value" else f"{name}_{end}", row[end]


def _report(run: Run, models: list[EffectModel], rows: int) -> None:
    from ml.activate.uplift.card import line_of
    from ml.activate.uplift.page import write_uplift_page

    page = write_uplift_page(run.home.effects_page("uplift"), models, run.as_of_date)
    for model in models:
        run.report(f"effects: {line_of(model)}")
    if not models:
        run.report(
            "effects: no campaign is declared as randomised and nobody was held out of an export, so nothing is claimed"
        )
    run.report(f"effects: {rows:,} rows in uplift; {page}")
