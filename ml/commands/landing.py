"""Commands on a landing zone: make one, bring one, look at one."""

from __future__ import annotations

from pathlib import Path

import click

from ml.commands.options import FOLDER, landing_option, say


@click.command()
@landing_option
@click.option("--customers", type=click.IntRange(min=1), default=20_000, show_default=True)
@click.option("--months", type=click.IntRange(min=1), default=24, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
def demo(landing: Path, customers: int, months: int, seed: int) -> None:
    """Write a demo brand, and beside the landing zone its truth."""
    from ml.data.demo import DEMO_AS_OF_DATE, DEMO_SETTINGS, default_truth_folder, write_demo

    summary = write_demo(
        landing, default_truth_folder(landing), customers, months, seed, on_progress=say
    )
    say(str(summary))
    settings = ", ".join(f'{name} = "{value}"' for name, value in DEMO_SETTINGS.items())
    say(f"Run it as of {DEMO_AS_OF_DATE}; settings for kith.toml in the home folder: {settings}")


@click.command("import")
@click.argument("dataset", type=click.Choice(["online-retail", "cdnow", "taobao-shares"]))
@click.argument("source", type=FOLDER)
@landing_option
def import_data(dataset: str, source: Path, landing: Path) -> None:
    """Bring a public data set into the landing format."""
    from ml.data.importers import IMPORTERS

    say(str(IMPORTERS[dataset](source, landing)))


@click.command()
@landing_option
@click.option("--home", type=FOLDER, help="Take the settings (kith.toml) of this home folder.")
def check(landing: Path, home: Path | None) -> None:
    """Say what was found in a landing zone, how it was mapped, and what would be refused."""
    from ml.data.check import check_landing

    check_landing(landing.resolve(), home, say)


COMMANDS = (demo, import_data, check)
