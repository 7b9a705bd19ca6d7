"""The command about audiences: who is in which list, who came and went, and whether a new rule can be used."""

from __future__ import annotations

from pathlib import Path

import click

from ml.commands.options import FOLDER, home_option, say


@click.command()
@click.argument("audience", required=False)
@home_option
@click.option(
    "--check",
    "file",
    type=FOLDER,
    metavar="FILE",
    help="Try the declaration in this file on the current version before it is adopted.",
)
def audiences(audience: str | None, home: Path, file: Path | None) -> None:
    """The lists of the current version: sizes, holdouts, who came and went, and why; or all about one AUDIENCE."""
    from ml.home import Home

    if audience and file:
        raise click.UsageError("Name an AUDIENCE to look at, or a file to --check, not both.")
    place = Home(home.resolve())
    if file:
        from ml.activate.audiences.trial import try_declaration

        lines = try_declaration(place, file)
    else:
        from ml.activate.audiences.words import describe_audiences

        lines = describe_audiences(place, audience)
    for line in lines:
        say(line)


COMMANDS = (audiences,)
