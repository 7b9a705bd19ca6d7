"""Great Expectations' pages as files that need nothing but a browser.

As they come, the pages take style and script from a dozen addresses, and the list on the front page is drawn by
one of those scripts: without a network it is empty, and with one every reader is told to others. So whatever is
loaded is taken out, a few lines of style come in, and the front page is written as plain HTML.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

LOADED = re.compile(
    r"<(script|footer)\b.*?</\1>"
    r"|<(?:link|img)\b[^>]*>"
    r"|\burl\([\"']?https?:[^)]*\)",
    re.DOTALL | re.IGNORECASE,
)
HELD, BROKEN = "\u2713 holds", "\u2717 broken"
# The marks of the other pages are drawn by a font from elsewhere; here they are words.
STYLE = f"""<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222; }}
table {{ border-collapse: collapse; margin: .5em 0; }}
th, td {{ border: 1px solid #ccc; padding: .3em .6em; text-align: left; vertical-align: top; }}
i.text-success::before {{ content: "{HELD}"; color: #1a7f37; }}
i.text-danger::before {{ content: "{BROKEN}"; color: #b42318; }}
i.text-warning::before {{ content: "! warns"; color: #9a6700; }}
</style>"""


@dataclass(frozen=True)
class BatchPage:
    """What the front page says of one batch: its suite's name, its grain, and its rules as (held, words)."""

    suite: str
    grain: str
    rules: Sequence[tuple[bool, str]]


def finish_pages(docs: Path, title: str, batches: Sequence[BatchPage]) -> None:
    """Make the pages of one border whole without a network, and write their front page.

    Args:
        docs: the folder that Great Expectations wrote.
        title: heading of the front page.
        batches: what was judged, in the order of the suite.
    """
    for page in sorted(docs.rglob("*.html")):
        text = LOADED.sub("", page.read_text(encoding="utf-8"))
        page.write_text(text.replace("</head>", f"{STYLE}</head>", 1), encoding="utf-8")
    shutil.rmtree(docs / "static", ignore_errors=True)
    sections = "".join(_section(docs, batch) for batch in batches)
    (docs / "index.html").write_text(
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{STYLE}</head>\n'
        f"<body><h1>{escape(title)}</h1>\n{sections}</body></html>\n",
        encoding="utf-8",
    )


def _section(docs: Path, batch: BatchPage) -> str:
    (result,) = (docs / "validations" / batch.suite).rglob("*.html")
    pages = {"results": result, "rules": docs / "expectations" / f"{batch.suite}.html"}
    links = ", ".join(
        f'<a href="{escape(page.relative_to(docs).as_posix())}">{what}</a>'
        for what, page in pages.items()
    )
    rows = "".join(
        f"<tr><td>{HELD if held else BROKEN}</td><td>{escape(words)}</td></tr>\n"
        for held, words in batch.rules
    )
    told = f"{escape(batch.grain)}. Details: {links}."
    return f"<h2>{escape(batch.suite)}</h2>\n<p>{told}</p>\n<table>\n{rows}</table>\n"
