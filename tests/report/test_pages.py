"""Pages of a watch: they listen by a script that is in no file, and show what goes wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from contextlib import contextmanager
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from fourfold.report.overview import write_overview
from fourfold.report.pages import Board, served
from fourfold.report.safe import policy
from fourfold.report.server import server

PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy("let a")}">
<title>a</title><script>let a</script></head><body></body></html>
"""


@contextmanager
def serving(folder, board):
    with server(folder, 0, board) as pages:
        thread = Thread(target=pages.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{pages.server_address[1]}"
        finally:
            if board:
                board.close()
            pages.shutdown()
            thread.join()


def refused(address, **headers):
    with pytest.raises(HTTPError) as error:
        urlopen(Request(address, headers=headers))
    error.value.close()
    return error.value.code


def test_a_page_is_served_with_its_listener_and_stays_as_it_is(tmp_path):
    """Its policy allows this script and its own server, and nothing else that it did not."""
    for name, text in (("own.html", PAGE), ("real.html", write_overview(tmp_path).read_text())):
        file = tmp_path / name
        file.write_text(text)
        page = served(file).decode()
        script = re.search(r'<script data-file="[\d-]+">(.*?)</script>', page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        allowed = re.search(r'Policy" content="([^"]*)"', page)[1]
        before = re.search(r'Policy" content="([^"]*)"', text)[1]
        assert allowed == (
            before.replace("script-src ", f"script-src 'sha256-{digest}' ") + "; connect-src 'self'"
        )
        assert "connect-src" not in before
        assert file.read_text() == text
        assert (
            page.replace(allowed, before).replace(
                re.search(r"\n<script data-file.*?</script>", page, re.DOTALL)[0], ""
            )
            == text
        )


def test_a_page_without_a_policy_of_ours_is_left_alone(tmp_path):
    """Such as one of an old version, or one that names a policy further down."""
    for text in ("<h1>old</h1>", "x" * 1000 + PAGE):
        (tmp_path / "a.html").write_text(text)
        assert served(tmp_path / "a.html").decode() == text


def test_pages_hear_of_texts_and_of_their_file(tmp_path):
    """Only pages of this server, and only about pages; a missing one waits for its result."""
    (tmp_path / "a" / "default").mkdir(parents=True)
    report = tmp_path / "a" / "default" / "report.html"
    board = Board()
    with serving(tmp_path, board) as address:
        with urlopen(f"{address}/a/default/report.html") as answer:
            assert b"No result yet" in answer.read()
            assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        events = f"{address}/.watch?/a/default/report.html"
        with urlopen(events) as stream:

            def message():
                line = stream.readline()
                while not line.startswith(b"data: "):
                    line = stream.readline()
                return json.loads(line[6:])

            assert stream.headers["Content-Type"] == "text/event-stream"
            assert message() == {"problem": "", "running": "", "file": ""}
            board.show(problem="a.yaml:1:1 <b>")
            assert message()["problem"] == "a.yaml:1:1 <b>"
            report.write_text(PAGE)
            state = message()["file"]
            assert state
            with urlopen(f"{address}/a/default/report.html") as page:
                assert f'data-file="{state}"' in page.read().decode()
        assert refused(events, **{"Sec-Fetch-Site": "cross-site"}) == 403
        assert refused(events, Host="fourfold.example:80") == 421
        for other in ("/a/default/record.json", "/../secret/report.html", "/.lock", ""):
            code = refused(f"{address}/.watch?{other}") if other else 0
            assert code in (0, 404)
        assert refused(f"{address}/a/default/missing.json") == 404
    with serving(tmp_path, None) as address:
        assert refused(f"{address}/.watch?/index.html") == 404
        with urlopen(f"{address}/a/default/report.html") as answer:
            assert answer.read().decode() == PAGE
