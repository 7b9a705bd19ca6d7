"""An experiment finds what is planted, tells it in words, and leaves everything else as it was."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ml.cli import cli
from ml.errors import KithError
from ml.experiments import open_home
from ml.experiments.experiment import run_experiment
from ml.experiments.variant import TRAINING_PARAMETERS, Variant, parse_parameters
from ml.learn.models.trees import TREE_PARAMETERS
from ml.learn.registry import Registry
from tests.conftest import REPOSITORY, another_process
from tests.docs.pages import blocks_of
from tests.experiments.conftest import DAY, FAMILIES, SHARE, TrialBrand


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_leaving_out_what_matters_is_worse_and_changes_nothing_else(brand: TrialBrand) -> None:
    registry, home = Registry(brand.run.home), brand.run.home
    before = registry.versions(SHARE, DAY), digest(home.database), digest(home.run_state)
    brand.said.clear()
    outcome = run_experiment(brand.run, SHARE, Variant(without_families=("service",)))
    assert outcome.trial is not None
    assert outcome.trial.answer == "worse"
    assert outcome.verdict.startswith("The variant is worse. ")
    assert (
        outcome.report == home.reports / "experiments" / "share-14d-without-service" / "report.md"
    )
    text = outcome.report.read_text(encoding="utf-8")
    assert outcome.verdict in text
    assert "what `kith train` made of this day" in text
    names = {path.name for path in outcome.report.parent.iterdir()}
    assert names == {
        "report.md", "figures.csv", "by_cutoff.csv", "families.csv", "calibration.png", "lift.png", "gain.png",
    }  # fmt: skip
    assert brand.said[-2:] == [outcome.verdict, f"report: {outcome.report}"]
    assert (registry.versions(SHARE, DAY), digest(home.database), digest(home.run_state)) == before
    client = registry._client
    (run,) = client.search_runs(
        [client.get_experiment_by_name("propensity_share_14d").experiment_id],
        "tags.kind = 'experiment'",
    )
    assert run.data.tags["variant"] == "without service"
    assert run.data.metrics["log_loss.difference"] == pytest.approx(-outcome.trial.gain)
    customers = set(outcome.trial.predictions["customer_id"])
    assert not any(customer in text for customer in customers)


def test_a_family_is_held_against_the_configuration_without_it(brand: TrialBrand) -> None:
    outcome = run_experiment(
        brand.run, SHARE, Variant(with_families=("service",)), name="worth-of-service"
    )
    assert outcome.trial is not None
    assert outcome.trial.answer == "better"
    assert "(without service), trained anew" in outcome.report.read_text(encoding="utf-8")


def test_a_variant_of_some_rows_is_compared_on_them(brand: TrialBrand) -> None:
    variant = Variant(rows="visits_count_30d >= 2", parameters={"num_leaves": 3})
    outcome = run_experiment(brand.run, SHARE, variant)
    assert outcome.trial is not None
    home = open_home(brand.run.home.root, targets=brand.targets)
    keys = ["customer_id", "as_of_date"]
    rows = outcome.trial.predictions.merge(home.features("share"), on=keys)
    assert len(rows) == outcome.trial.rows
    assert rows["visits_count_30d"].min() == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--without", "weather"], "There is no family of features 'weather' on this day. Known: interactions, noise"),
        (["--with", "noise", "--without", "noise"], "asked for with --with and --without"),
        ([f"--without={family}" for family in set(FAMILIES.values())], "at least one family"),
        (["--without", "interactions", "--rows", "visits > 2"], "--rows takes a condition in SQL on the features"),
        (["--rows", "visits_count_30d < 0"], "holds for no row"),
        (["--rows", "visits_count_30d > 60"], "there is nothing to compare, because"),
        (["--parameter", "leaves=3"], "'leaves' is no parameter that an experiment can set. Known: learning_rate"),
        (["--parameter", "num_leaves"], "--parameter takes a name and a number"),
        (["--parameter", "num_leaves=2.5"], "num_leaves is a whole number"),
        (["--name", "../away"], "--name is a name for a folder"),
        (["--of-horizon", "30"], "lists 'share' with the horizons 14"),
    ],
)  # fmt: skip
def test_what_cannot_be_tried_is_told_in_a_paragraph(
    brand: TrialBrand, options: list[str], told: str
) -> None:
    found = CliRunner().invoke(cli, ["experiment", *brand.options, "--target", "share", *options])
    assert isinstance(found.exception, KithError)
    assert told in str(found.exception)
    assert "\n" not in str(found.exception)


def test_a_home_that_is_in_use_says_by_whom(brand: TrialBrand) -> None:
    code = (
        "import sys; from pathlib import Path; from ml.home import Home\n"
        "with Home(Path(sys.argv[1])).lock('kith run'): print('held', flush=True); input()"
    )
    with another_process(code, str(brand.run.home.root)):
        found = CliRunner().invoke(cli, ["experiment", *brand.options, "--target", "share"])
    assert "`kith run`" in str(found.exception)
    assert "holds the lock" in str(found.exception)


def test_parameters_are_names_and_numbers() -> None:
    assert parse_parameters(["num_leaves=4", "lambda_l2 = 2.5"]) == {
        "num_leaves": 4.0,
        "lambda_l2": 2.5,
    }
    for text in ("num_leaves", "num_leaves=", "num_leaves=many"):
        with pytest.raises(KithError, match="a name and a number"):
            parse_parameters([text])


def test_a_notebook_reads_trains_and_compares(brand: TrialBrand) -> None:
    home = open_home(brand.run.home.root, targets=brand.targets, report=lambda line: None)
    assert (home.as_of_date, home.targets) == (DAY, ["share_14d"])
    assert home.families["noise"] == ["noise_0", "noise_1"]
    features, labels = home.features("share"), home.labels("share_14d")
    assert len(features) == len(labels) == 400 * 8
    assert len(home.today("share")) == 400
    usual = home.train("share")
    assert repr(usual).startswith("share_14d, nothing changed: ")
    assert home.compare(usual, usual).trial.answer == "same"
    with pytest.raises(KithError, match="Known: share_14d"):
        home.train("churn")


def test_a_customer_is_explained_family_by_family(brand: TrialBrand) -> None:
    home = open_home(brand.run.home.root, targets=brand.targets)
    today = home.today("share").sort_values("visits_count_30d")
    lively, quiet = (home.explain(today["customer_id"].iloc[at], "share") for at in (-1, 0))
    for table in (lively, quiet):
        assert list(table) == ["family", "push", "feature", "value", "usual", "words"]
        assert table["push"].abs().is_monotonic_decreasing
        assert table["family"].is_unique
    pushes = [table.set_index("family")["push"]["interactions"] for table in (lively, quiet)]
    assert pushes[0] > 0.2 > -0.2 > pushes[1]
    with pytest.raises(KithError, match="does not ask about the customer 'nobody'"):
        home.explain("nobody", "share")


def test_an_empty_home_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(KithError, match="Run `kith build --home"):
        open_home(tmp_path)


def test_the_way_in_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ml.experiments import open_home; "
        "print({name.split('.')[0] for name in sys.modules} & {'pandas', 'numpy', 'mlflow', 'lightgbm', 'duckdb'})"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (found.stdout, found.stderr) == ("set()\n", "")


def test_the_card_of_the_trained_model_looks_at_groups(brand: TrialBrand) -> None:
    registry = Registry(brand.run.home)
    version = registry.candidate(SHARE, DAY)
    assert version is not None
    local = registry._client.download_artifacts(version.run_id, "model_card.md")
    card = Path(local).read_text(encoding="utf-8")
    assert "## Are groups treated alike?" in card
    assert "| gender | f | " in card
    assert "| age | not known | 400 |" in card
    assert "## Families of features" in card
    assert "| shares | 1 |" in card


def test_the_example_of_the_page_runs(
    brand: TrialBrand, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = [block for block in blocks_of("docs/experiments.md") if block.language == "python"]
    small = block.text.replace("churn", "share").replace("messages", "noise")
    opening = f"open_home({str(brand.run.home.root)!r}, targets={str(brand.targets)!r})"
    assert small.count('open_home("home")') == 1
    exec(compile(small.replace('open_home("home")', opening), str(block), "exec"), {})
    said = capsys.readouterr().out
    assert "['share_14d']" in said
    assert "rows of 400 customers" in said
    assert "interactions" in said


def test_the_page_names_every_option_and_parameter() -> None:
    text = (REPOSITORY / "docs" / "experiments.md").read_text(encoding="utf-8")
    options = {name for option in cli.commands["experiment"].params for name in option.opts}
    shared = {"--landing", "--home", "--as-of-date", "--targets", "--target"}
    for name in options - shared:
        assert f"`{name} " in text, name
    for name in (*TREE_PARAMETERS, *TRAINING_PARAMETERS):
        assert f"`{name}`" in text, name
