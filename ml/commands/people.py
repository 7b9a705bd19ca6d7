"""The command about one person: which records are theirs, and what people decide about that."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ml.commands.options import PLACE, home_option, say
from ml.stores.place import Place


@click.command()
@click.argument("whom", nargs=-1, metavar="[SOURCE KEY | CUSTOMER_ID]")
@home_option
@click.option("--same", nargs=2, metavar="A B", help="Decide that two records are one person.")
@click.option("--different", nargs=2, metavar="A B", help="Decide that two records are two people.")
@click.option(
    "--landing",
    type=PLACE,
    envvar="KITH_LANDING",
    help="The landing zone that a decision is written into.",
)
@click.option(
    "--by", "decided_by", default="kith who", show_default=True, help="Who made the decision."
)
def who(
    whom: tuple[str, ...],
    home: Path,
    same: tuple[str, str] | None,
    different: tuple[str, str] | None,
    landing: Place | None,
    decided_by: str,
) -> None:
    """Whose record is it, what joins their records, and why; or decide that two records are one person, or two.

    A and B are records written SOURCE:KEY, or customer ids.
    """
    from ml.home import Home

    asked = [bool(whom), same is not None, different is not None]
    if sum(asked) != 1 or len(whom) > 2:
        raise click.UsageError(
            "Name one record by SOURCE KEY, a customer by its id, or decide by --same A B or --different A B."
        )
    place = Home(home.resolve())
    if whom:
        from ml.serve.who import describe_person

        lines = describe_person(place, whom)
    else:
        from ml.serve.decide import decide

        if landing is None:
            raise click.UsageError(
                "A decision is written into a landing zone: name it by --landing."
            )
        decision, pair = ("same", same) if same else ("different", different)
        assert pair is not None
        lines = decide(place, landing, pair, decision, decided_by)
    # Names come in every script; a terminal that lacks one shows question marks.
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        say(line.encode(encoding, "replace").decode(encoding))


COMMANDS = (who,)
