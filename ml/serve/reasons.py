"""Three reasons for a score, in plain words.

A model says what each feature adds to the log-odds of one customer (SHAP; Lundberg and Lee 2017). Two steps make
reasons of that. What a feature adds to the score of the usual customer is taken off, because what holds for most is
no reason for one ("never complained"). And pushes are added up by family of features, because ten features that say
much the same share the credit among them (grouped contributions; Jullum, Redelmeier and Aas 2021).

The families that push most in the direction of the score are told; the third reason is what speaks most against it,
if anything does with weight: a loyal customer with a bad complaint scores low for leaving, and the complaint is what
to act on. Each family is told by its feature that pushes most and has something to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.serve.phrases import Phrase, phrase_for
from ml.serve.protected import protected_trait
from ml.serve.usual import compared, typical_values

REASONS = [f"reason_{number}" for number in (1, 2, 3)]
NO_FURTHER_REASON = "no further reason"
BUT = "but "
# What speaks against a score is told where it moves the odds by a tenth.
LEAST_COUNTER_PUSH = 0.1
LAST_OF_FAMILY = 1e-6
# How long ago, or how many in all: true of everybody, and told where the model itself leans on too little.
FACT_PREFIX, FACT_SUFFIX = "days_since_", "_count_all"

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Teller:
    """What is needed to tell reasons: the features that may be told, ordered by family, and what is usual.

    ``family`` gives each name's family number, ``starts`` the first name of each family. Per name: ``typical`` is
    the value and ``usual_push`` the contribution of the customer in the middle.
    """

    names: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    family: Ints
    starts: Ints
    typical: Floats
    usual_push: Floats

    @classmethod
    def of(cls, population: pd.DataFrame, contributions: pd.DataFrame) -> Teller:
        """Prepare for a population, one row each of everybody who is scored today.

        ``contributions`` has a column per feature, and the rows of the population or of an even sample of it. A
        feature that is the same for everybody is nobody's reason, and one whose name or words speak of a
        protected trait is never told.
        """
        known = [
            name
            for name in contributions.columns
            if name in population.columns and _may_be_told(name, population[name])
        ]
        families = {name: phrase_for(name).family or phrase_for(name).topic for name in known}
        numbers = {family: number for number, family in enumerate(dict.fromkeys(families.values()))}
        names = sorted(known, key=lambda name: numbers[families[name]])
        family = np.array([numbers[families[name]] for name in names], dtype=np.intp)
        return cls(
            tuple(names),
            tuple(phrase_for(name) for name in names),
            family,
            np.searchsorted(family, np.arange(len(numbers))),
            typical_values(population, names),
            typical_values(contributions, names),
        )

    def tell(
        self, contributions: pd.DataFrame, values: pd.DataFrame, is_likely: Flags
    ) -> pd.DataFrame:
        """Give reason_1 to reason_3 of each row.

        Args:
            contributions: rows × features, what each feature adds to the log-odds.
            values: the customers' features, same rows.
            is_likely: per row, whether the score is above the usual: then what raises it is told, otherwise
                what lowers it.

        Returns:
            DataFrame with the columns reason_1, reason_2, reason_3, same rows. Equal rows have equal reasons,
            whatever stands beside them.
        """
        told = np.full((len(values), len(REASONS)), NO_FURTHER_REASON, dtype=object)
        if self.names and len(values):
            weight = contributions[list(self.names)].to_numpy(dtype=np.float32) - self.usual_push
            weight[~is_likely] *= -1
            told = _Rows(self, values, weight, told).filled()
        return pd.DataFrame(told, columns=REASONS, index=values.index)

    def texts(self, feature: Ints, values: pd.DataFrame, rows: Ints) -> Texts:
        """The words of one feature for each of some rows of ``values``; equal values are put into words once."""
        texts = np.empty(len(feature), dtype=object)
        for number, places in grouped(feature):
            phrase, name = self.phrases[number], self.names[number]
            value, values_told = _numbered(values[name], rows[places])
            own, owns_told = np.zeros_like(value), np.array([np.nan])
            if phrase.usual in values.columns:
                own, owns_told = _numbered(values[phrase.usual], rows[places])
            pairs, code = np.unique(value * len(owns_told) + own, return_inverse=True)
            words = [
                compared(phrase, name, v, u, float(self.typical[number]))
                for v, u in zip(
                    values_told[pairs // len(owns_told)].tolist(),
                    owns_told[pairs % len(owns_told)].tolist(),
                    strict=True,
                )
            ]
            texts[places] = np.array(words, dtype=object)[code]
        return texts

    def columns(self, family: int) -> slice:
        """The places of a family's names."""
        ends = [*self.starts[1:].tolist(), len(self.names)]
        return slice(int(self.starts[family]), ends[family])


@dataclass(frozen=True)
class _Rows:
    """Some customers on the way to their reasons; ``weight`` is positive in the direction of the score."""

    teller: Teller
    values: pd.DataFrame
    weight: Floats
    told: Texts

    def filled(self) -> Texts:
        push = np.add.reduceat(self.weight, self.teller.starts, axis=1)
        used = np.zeros(push.shape, dtype=bool)
        against = np.where(-push >= LEAST_COUNTER_PUSH, -push, 0)
        last = len(REASONS) - 1
        # Of a family, what is known is told before what is not ("ordered on one day only").
        told_first = np.where(self.values[list(self.teller.names)].isna(), LAST_OF_FAMILY, 1)
        told_first = told_first.astype(np.float32)
        self._choose(np.maximum(-self.weight, 0) * told_first, against, used, last)
        is_counter = self.told[:, last] != NO_FURTHER_REASON
        # One reason per family that pushes; then a second of the same; then plain facts of other families.
        pushing = np.maximum(self.weight, 0) * told_first
        self._choose(pushing, push, used)
        self._choose(pushing, push, np.zeros_like(used))
        names = self.teller.names
        is_fact = [name.startswith(FACT_PREFIX) or name.endswith(FACT_SUFFIX) for name in names]
        facts = np.tile(np.array(is_fact, dtype=np.float32), (len(push), 1))
        in_order = np.tile(np.arange(push.shape[1], 0, -1, dtype=np.float32), (len(push), 1))
        self._choose(facts, in_order, used | (against > 0))
        self.told[is_counter, last] = BUT + self.told[is_counter, last]
        missing_last = np.argsort(self.told == NO_FURTHER_REASON, axis=1, kind="stable")
        return np.take_along_axis(self.told, missing_last, axis=1)

    def _choose(
        self, open_weight: Floats, push: Floats, used: Flags, only_place: int | None = None
    ) -> None:
        """Add reasons to the rows that lack some, one a round for all of them at once.

        The family of the greatest ``push`` that is not ``used`` is next, told by its feature of the greatest
        ``open_weight``. What has been looked at is closed: a newcomer's families may have one thing to say ("no
        order yet"), and it is said once.
        """
        teller, told = self.teller, self.told
        places = slice(None) if only_place is None else slice(only_place, only_place + 1)
        rows = np.arange(len(told))
        best = np.maximum.reduceat(open_weight, teller.starts, axis=1)
        while True:
            rows = rows[(told[rows, places] == NO_FURTHER_REASON).any(axis=1)]
            eligible = (best[rows] > 0) & (push[rows] > 0) & ~used[rows]
            rows, eligible = rows[eligible.any(axis=1)], eligible[eligible.any(axis=1)]
            if not len(rows):
                return
            family = np.where(eligible, push[rows], -np.inf).argmax(axis=1)
            feature = np.empty(len(rows), dtype=np.intp)
            for number, asked in grouped(family):
                columns, theirs = teller.columns(number), rows[asked]
                feature[asked] = open_weight[theirs, columns].argmax(axis=1) + columns.start
                open_weight[theirs, feature[asked]] = 0
                best[theirs, number] = open_weight[theirs, columns].max(axis=1)
            texts = teller.texts(feature, self.values, rows)
            is_new = ~(told[rows] == texts[:, None]).any(axis=1)
            chosen = rows[is_new]
            place = (told[chosen] == NO_FURTHER_REASON).argmax(axis=1)
            told[chosen, place if only_place is None else only_place] = texts[is_new]
            used[chosen, family[is_new]] = True


def grouped(numbers: Ints) -> Iterator[tuple[int, Ints]]:
    """Each number with the places where it stands, ascending."""
    order = np.argsort(numbers, kind="stable")
    borders = np.flatnonzero(np.diff(numbers[order])) + 1
    for places in np.split(order, borders) if len(order) else []:
        yield int(numbers[places[0]]), places


def _numbered(column: pd.Series, rows: Ints) -> tuple[Ints, npt.NDArray[np.float64]]:
    """The number of each row's value, and the values by number; what is missing has a number, too."""
    known = column.iloc[rows].to_numpy(dtype=np.float64, na_value=np.nan)
    codes, values = pd.factorize(known, use_na_sentinel=False)
    return codes.astype(np.intp), np.asarray(values)


def _may_be_told(name: str, values: pd.Series) -> bool:
    phrase = phrase_for(name)
    words = (name, phrase.words, phrase.words_when_zero, phrase.words_when_unknown)
    return not any(map(protected_trait, words)) and bool(values.nunique(dropna=False) > 1)
