"""Weighing pairs with what an epoch had learned, portion after portion: memory follows the portion, not the pairs."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from ml.matching.epochs import Epoch
from ml.matching.levels import with_levels
from ml.matching.parameters import Parameters
from ml.matching.portions import portions
from ml.matching.scores import count_values, score_pairs, with_shares, write_shares


class Scales:
    """Weighs pairs of states with the parameters of an epoch, and with how common values were when it began.

    Args:
        connection: holds `states`, their `contents`, `compared` and `weighed_pairs`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._counted: Epoch | None = None
        self.weighed = 0
        """Pairs weighed so far; one that several epochs judge counts each time."""

    def scored(
        self, met: str, epoch: Epoch, parameters: Parameters, again: bool = False
    ) -> Iterator[None]:
        """Score pairs, portion after portion; each leaves its weights in `scored`.

        Pairs of records that an earlier epoch accepted are passed over, unless what speaks against them is asked
        `again`.

        Args:
            met: pairs of states, as `levels.meet` wrote them.
            epoch: whose counts of values hold.
            parameters: what was learned for it.
            again: weigh pairs of accepted records too.
        """
        for number, portion in enumerate(portions(self._connection, met)):
            if not number:
                self._prepare(met, epoch)
            self._connection.execute(
                f"create or replace view near_shares as from shares where {portion.states()}"
            )
            accepted = f"(from weighed_pairs where epoch < {epoch.number})"
            self._connection.execute(
                f"""
                create or replace table open_pairs as
                select * from ({with_shares(with_levels(met, portion), "near_shares")})
                {"" if again else f"anti join {accepted} using (left_record_no, right_record_no)"}
                """
            )
            score_pairs(self._connection, parameters, "open_pairs")
            found = self._connection.execute("select count(*) from scored").fetchone()
            self.weighed += found[0] if found else 0
            yield

    def _prepare(self, met: str, epoch: Epoch) -> None:
        """What scoring asks of the values in some pairs; most epochs have none to judge on a usual day."""
        if self._counted != epoch:
            count_values(self._connection, epoch)
            self._counted = epoch
        write_shares(self._connection, met)
