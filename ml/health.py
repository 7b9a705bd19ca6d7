"""Is a service well? `python -m ml.health URL [PART ...]` ends with status 0 when it is, and says why not.

    python -m ml.health http://localhost:5000/health
    python -m ml.health http://localhost:8080/api/v2/monitor/health scheduler

The first asks for an answer, the second also for the word of Airflow's api server on the parts named. A container asks
every half minute, so this imports nothing that takes time: Airflow's own `jobs check` costs seconds of a processor.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from urllib.request import urlopen

PATIENCE_SECONDS = 10


def illness(url: str, parts: Sequence[str] = ()) -> str | None:
    """Why the service behind a URL is not well, or None.

    Args:
        url: answers with status 200 while the service is well.
        parts: keys of its JSON answer whose `status` must be `healthy`.
    """
    try:
        with urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            body = answer.read()
        states = {part: json.loads(body)[part]["status"] for part in parts}
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{url}: {type(error).__name__}: {error}"
    ill = [f"{part} is {state}" for part, state in states.items() if state != "healthy"]
    return f"{url}: {', '.join(ill)}" if ill else None


def main() -> None:
    """Ask once, print what is wrong, and end with status 1 if anything is."""
    sys.exit(illness(sys.argv[1], sys.argv[2:]))


if __name__ == "__main__":
    main()
