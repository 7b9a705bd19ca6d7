"""What no reason may name: the protected traits of the seed `protected_traits.csv`.

After Article 21 of the EU Charter of Fundamental Rights and Article 9 of the GDPR. The patterns are
whole words, so that "average" and "page" stay sayable.
"""

from __future__ import annotations

import re
from functools import cache

from ml.data.seeds import seed_rows


def protected_trait(text: str) -> str | None:
    """The protected trait that a text (words, or the name of a feature) speaks of, or None."""
    plain = text.replace("_", " ").lower()
    return next((trait for trait, pattern in _patterns() if pattern.search(plain)), None)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [
        (row["trait"], re.compile(rf"\b(?:{row['pattern']})\b"))
        for row in seed_rows("protected_traits")
    ]
