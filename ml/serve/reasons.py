"""Three reasons for a score, in plain words.

A model says what each feature adds to the log-odds of one customer. The features that add most in the
direction of the score are told, one per topic, with the customer's own value. How a feature is told stands
in the catalogue of features (`ml.serve.phrases`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.serve.phrases import phrase_for

REASONS = 3


def top_reasons(
    contributions: pd.DataFrame, values: pd.DataFrame, is_likely: np.ndarray, tellable: list[str]
) -> pd.DataFrame:
    """Give reason_1 to reason_3 of each row.

    Args:
        contributions: rows × features, what each feature adds to the log-odds; a column `bias` is ignored.
        values: the customers' features, same rows.
        is_likely: per row, whether the score is above the usual: then what raises it is told first,
            otherwise what lowers it.
        tellable: the features that differ between customers; what is the same for all is nobody's reason.
            Those of them that say how long ago or how many in all are told, too, when the model
            itself uses fewer than three topics.

    Returns:
        DataFrame with the columns reason_1, reason_2, reason_3, same rows.
    """
    names = [name for name in contributions.columns if name in tellable]
    spare = [
        name for name in tellable if name.startswith("days_since_") or name.endswith("_count_all")
    ]
    weight = contributions[names].to_numpy()
    weight = np.where(is_likely[:, None], weight, -weight)
    topics = np.array([phrase_for(name).topic for name in names])
    order = np.argsort(-weight, axis=1, kind="stable")
    table = values[names].to_numpy(dtype=float)
    spare_values = values[spare].to_numpy(dtype=float)
    rows = [
        _pick(names, topics, order[row], weight[row], table[row], spare, spare_values[row])
        for row in range(len(values))
    ]
    columns = [f"reason_{number}" for number in range(1, REASONS + 1)]
    return pd.DataFrame(rows, columns=columns, index=values.index)


def _pick(
    names: list[str],
    topics: np.ndarray,
    order: np.ndarray,
    weight: np.ndarray,
    values: np.ndarray,
    spare: list[str],
    spare_values: np.ndarray,
) -> list[str]:
    told: list[str] = []
    used: set[str] = set()
    for index in order:
        if weight[index] <= 0 or len(told) == REASONS:
            break
        if topics[index] not in used:
            used.add(topics[index])
            # Two topics may have one thing to say of a newcomer: no order yet.
            if (text := phrase_for(names[index]).tell(values[index])) not in told:
                told.append(text)
    for name, value in zip(spare, spare_values, strict=True):
        phrase = phrase_for(name)
        if (
            len(told) < REASONS
            and phrase.topic not in used
            and (text := phrase.tell(value)) not in told
        ):
            used.add(phrase.topic)
            told.append(text)
    return told + ["no further reason"] * (REASONS - len(told))
