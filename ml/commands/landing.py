"""Commands on a landing zone: make one, bring one, look at one."""

from __future__ import annotations

from pathlib import Path

import click

from ml.commands.options import FOLDER, landing_option, say
from ml.stores.place import Place


@click.command()
@landing_option
@click.option("--customers", type=click.IntRange(min=1), default=20_000, show_default=True)
@click.option("--months", type=click.IntRange(min=1), default=24, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
def demo(landing: Place, customers: int, months: int, seed: int) -> None:
    """Write a demo brand, and beside the landing zone its truth."""
    from ml.data.demo import DEMO_AS_OF_DATE, DEMO_SETTINGS
    from ml.data.demo.elsewhere import write_demo_at

    say(str(write_demo_at(landing, customers, months, seed, say)))
    settings = ", ".join(f'{name} = "{value}"' for name, value in DEMO_SETTINGS.items())
    say(f"Run it as of {DEMO_AS_OF_DATE}; settings for kith.toml in the home folder: {settings}")


@click.command("import")
@click.argument("dataset", type=click.Choice(["online-retail", "cdnow", "taobao-shares"]))
@click.argument("source", type=FOLDER)
@landing_option
def import_data(dataset: str, source: Path, landing: Place) -> None:
    """Bring a public data set into the landing format."""
    from ml.data.importers import IMPORTERS

    say(str(IMPORTERS[dataset](source, landing)))


@click.command()
@landing_option
@click.option("--home", type=FOLDER, help="Take the settings (kith.toml) of this home folder.")
def check(landing: Place, home: Path | None) -> None:
    """Say what was found in a landing zone, how it was mapped, and what would be refused."""
    from ml.data.check import check_landing

    check_landing(landing, home, say)


COMMANDS = (demo, import_data, check)
