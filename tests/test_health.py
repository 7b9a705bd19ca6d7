"""`python -m ml.health`: well is status 0, everything else says what is wrong."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ml.health import illness

ANSWERS = {
    "/well": (200, b'{"scheduler": {"status": "healthy"}, "dag_processor": {"status": null}}'),
    "/words": (200, b"OK"),
    "/ill": (503, b"{}"),
}


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS[self.path]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_answer_is_enough_where_no_part_is_named(url: str) -> None:
    assert illness(f"{url}/words") is None
    assert illness(f"{url}/well", ["scheduler"]) is None


@pytest.mark.parametrize(
    ("path", "parts", "why"),
    [
        ("/ill", [], "HTTP Error 503"),
        ("/well", ["scheduler", "dag_processor"], "dag_processor is None"),
        ("/well", ["triggerer"], "KeyError"),
        ("/words", ["scheduler"], "JSONDecodeError"),
    ],
)
def test_it_says_what_is_wrong(url: str, path: str, parts: list[str], why: str) -> None:
    assert why in str(illness(f"{url}{path}", parts))


def test_nobody_there_is_status_1(url: str) -> None:
    for asked, status in ((f"{url}/words", 0), ("http://127.0.0.1:1/", 1)):
        done = subprocess.run(
            [sys.executable, "-m", "ml.health", asked], capture_output=True, text=True, check=False
        )
        assert done.returncode == status
        assert ("refused" in done.stderr) == (status == 1)
