"""Pages that people open from the home folder: one file each, without a server and without a network."""

from __future__ import annotations

from html import escape
from io import StringIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: {width}rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
svg {{ width: 100%; height: auto; }}
table {{ border-collapse: collapse; }}
{style}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def write_page(path: Path, title: str, body: str, style: str, width: int = 52) -> Path:
    """Write a page whole or not at all, and give its place.

    Args:
        path: where it stands.
        title: its heading, as plain text.
        body: what stands below, as HTML.
        style: the rules of this page's own, as CSS.
        width: the width of the text, in rem.
    """
    text = _PAGE.format(title=escape(title), body=body, style=style, width=width)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return path


def svg_of(figure: Figure) -> str:
    """The figure as text that is the same for the same rows."""
    sink = StringIO()
    with mpl.rc_context({"svg.hashsalt": "kith", "svg.fonttype": "none"}):
        figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None})
    text = sink.getvalue()
    return text[text.index("<svg") :]
