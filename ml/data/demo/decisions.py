"""What the service desk decided about pairs of records: the same person, or two people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.data.demo.instants import DAY
from ml.data.demo.parameters import DemoParameters
from ml.data.demo.records import Records

Ints = npt.NDArray[np.int64]


def link_rows(records: Records, p: DemoParameters, rng: np.random.Generator) -> pd.DataFrame:
    """A clerk's decisions between web and loyalty records: nearly all right, some taken back.

    ``different`` is said of strangers. A few of the pairs called ``same`` are strangers too; half
    of these mistakes are found out some weeks later, and decided anew.
    """
    web, loyalty = records.holders("web"), records.holders("loyalty")
    if not len(web) or not len(loyalty):
        return _decisions(records, web[:0], web[:0], "same", web[:0])
    both = np.intersect1d(web, loyalty)
    wanted = max(4, round(len(records.keys["web"]) * p.looked_into))
    person = rng.choice(both, min(wanted, len(both)), replace=False)
    stranger = loyalty[rng.integers(0, len(loyalty), len(person))]
    taken_for = np.where(rng.random(len(person)) < p.clerk_errs, stranger, person)
    found_out = (taken_for != person) & (rng.random(len(person)) < 0.5)
    first = _after_both(records, person, taken_for, rng)
    again = first + rng.integers(7 * DAY, 60 * DAY, len(first))
    left, right = rng.choice(web, wanted), rng.choice(loyalty, wanted)
    left, right = left[left != right], right[left != right]
    rows = pd.concat(
        [
            _decisions(records, person, taken_for, "same", first),
            _decisions(
                records, person[found_out], taken_for[found_out], "different", again[found_out]
            ),
            _decisions(records, left, right, "different", _after_both(records, left, right, rng)),
        ],
        ignore_index=True,
    )
    return rows[rows["known_at"] < records.clock.end_second].reset_index(drop=True)


def _after_both(records: Records, web: Ints, loyalty: Ints, rng: np.random.Generator) -> Ints:
    """Some time in the two months after both records were opened."""
    opened = np.maximum(records.since["web"][web], records.since["loyalty"][loyalty])
    later: Ints = opened + rng.integers(DAY, 60 * DAY, len(web))
    return later


def _decisions(
    records: Records, web: Ints, loyalty: Ints, decision: str, known: Ints
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "left_source": "web",
            "left_key": records.key("web", web),
            "right_source": "loyalty",
            "right_key": records.key("loyalty", loyalty),
            "decision": decision,
            "decided_by": "service-desk",
            "known_at": known,
        }
    )
