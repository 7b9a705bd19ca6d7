"""The last look after an erasure: does any file of the home folder still hold a text of the person?

Logs and reports get such texts struck out where they stand, letter for letter, so that a program that goes
on writing to the file is not disturbed. All other files are only named: a program may read them.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

TEXT = {".log", ".json", ".html", ".txt", ".csv", ".md", ".jsonl", ".err", ".out"}
BATCH = 500  # alternatives in one pattern


def sweep(
    root: Path, texts: list[str], but_not: Iterable[Path], for_people: Iterable[Path]
) -> tuple[list[Path], list[Path]]:
    """Search every file below a folder.

    Args:
        root: the folder.
        texts: what is searched for.
        but_not: folders and files that are left alone.
        for_people: folders whose text files only people read; so are logs, wherever they lie.

    Returns:
        The files in which something was struck out, and the others that hold something.
    """
    patterns = [_pattern(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
    struck, holding = [], []
    folders = list(for_people)
    for path in _files(root, list(but_not)):
        if path.suffix == ".parquet":
            if _parquet_holds(path, texts):
                holding.append(path)
        elif any(_holds(path, pattern) for pattern in patterns):
            told = path.suffix in TEXT and any(path.is_relative_to(folder) for folder in folders)
            if told or path.suffix == ".log":
                _strike(path, patterns)
                struck.append(path)
            else:
                holding.append(path)
    return struck, holding


def _files(root: Path, but_not: list[Path]) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        if not any(path.is_relative_to(other) for other in but_not):
            yield path


def _pattern(texts: list[str]) -> re.Pattern[bytes]:
    """Any of the texts, as it is or as JSON writes it, and not as a part of a longer word."""
    spellings = set(texts) | {json.dumps(text)[1:-1] for text in texts}
    words = sorted((re.escape(spelling.encode()) for spelling in spellings), key=len, reverse=True)
    return re.compile(rb"(?<![\w@])(?:" + b"|".join(words) + rb")(?![\w@])", re.IGNORECASE)


def _holds(path: Path, pattern: re.Pattern[bytes]) -> bool:
    try:
        with path.open("rb") as content, _mapped(content.fileno()) as text:
            return pattern.search(text) is not None
    except ValueError:  # an empty file cannot be mapped
        return False
    except FileNotFoundError:  # a log that was rotated meanwhile
        return False


def _mapped(descriptor: int) -> mmap.mmap:
    return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)


def _strike(path: Path, patterns: list[re.Pattern[bytes]]) -> None:
    content = path.read_bytes()
    with path.open("r+b") as sink:
        for pattern in patterns:
            for found in pattern.finditer(content):
                sink.seek(found.start())
                sink.write(b"*" * (found.end() - found.start()))


def _parquet_holds(path: Path, texts: list[str]) -> bool:
    wanted = pa.array(texts, pa.string())
    whole = pq.ParquetFile(path)
    names = [field.name for field in whole.schema_arrow if pa.types.is_string(field.type)]
    return any(
        pc.any(pc.is_in(column, wanted)).as_py()
        for batch in whole.iter_batches(columns=names)
        for column in batch.columns
    )
