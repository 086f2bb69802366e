"""A server of forms: who has not the token, or comes from elsewhere, gets and changes nothing."""

from __future__ import annotations

import json
import socket
from threading import Thread

import pytest

from fourfold.author.forms import Forms
from fourfold.project import Project
from fourfold.report.server import server

TEXT = "template: tiny\nparameters:\n  count: 5\n"


@pytest.fixture
def forms(project, config):
    """Forms of a project with one config, and a report beside what a notebook has saved."""
    config(TEXT)
    saved = project / "outputs" / "a" / "default" / "artifacts"
    saved.mkdir(parents=True)
    for page in (saved / "page.html", saved.parent / "report.html"):
        page.write_text('<!DOCTYPE html>\n<nav><span class="tools"></span></nav>secret')
    started = []
    made = Forms(
        Project(project, project / "outputs"), lambda path: started.append(path) or 1, print
    )
    made.started = started
    with server(project / "outputs", forms=made) as serving:
        Thread(target=serving.serve_forever, args=(0.02,), daemon=True).start()
        made.port = serving.server_address[1]
        yield made
        made.board.close()
        serving.shutdown()


def asked(forms, path, body=None, method=None, **headers):
    """Send a request as it is; return status, head and content."""
    own = {"Host": f"127.0.0.1:{forms.port}"}
    if body is not None:
        own |= {"Origin": f"http://{own['Host']}", "Content-Type": "application/json"}
        own |= {"Content-Length": str(len(body))}
    own |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in own.items() if value is not None]
    method = method or ("GET" if body is None else "POST")
    with socket.create_connection(("127.0.0.1", forms.port), timeout=20) as to:
        head = "\r\n".join([f"{method} {path} HTTP/1.0", *lines, "", ""])
        to.sendall(head.encode() + (body or b""))
        to.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: to.recv(65536), b"")).decode(errors="replace")
    head, _, content = answer.partition("\r\n\r\n")
    return int(head.split()[1]), head, content


def change(forms, count="6"):
    entries, query = {"parameters.count": count}, {"config": "params/a.yaml"}
    version = forms.state(query)["version"]
    return json.dumps({"open": query, "entries": entries, "version": version, "run": True}).encode()


def test_without_the_token_there_is_nothing(forms):
    """No page, file, event or action, whatever the rest of the address is."""
    paths = ("", "index.html", ".form/", ".form/events?config=a", ".form/save", "a/default/report.html",
             "a/default/artifacts/page.html")  # fmt: skip
    tokens = (
        "",
        "x/",
        f"{forms.token[:-1]}/",
        f"{forms.token}x/",
        f"{forms.token.upper()}/",
        "%2e/",
    )
    sent = change(forms)
    for path in paths:
        for token in tokens:
            for body in (None, *([sent] if "save" in path else [])):
                status, _, content = asked(forms, f"/{token}{path}", body)
                assert status == 403, (token, path)
                assert "secret" not in content
                assert forms.token not in content
    assert asked(forms, f"/{forms.token}/a/default/report.html")[0] == 200
    assert (forms.place.root / "params/a.yaml").read_text() == TEXT
    assert len(forms.token) >= 32
    assert forms.started == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://attacker.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": None}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "https://127.0.0.1"}, 403),
        ({"Host": "attacker.example", "Origin": "http://attacker.example"}, 421),
        ({"Host": None}, 421),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Content_Type": "text/plain"}, 403),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 403),
        ({"Content_Type": None}, 403),
        ({"Content_Length": str(2**21)}, 413),
        ({"Content_Length": "-1"}, 413),
        ({"Content_Length": "9" * 99}, 413),
        ({"Content_Length": "0" * 9 + str(2**21)}, 413),
        ({"Content_Length": None}, 413),
        ({"Content_Length": "3"}, 400),
    ],
)
def test_what_a_form_of_ours_does_not_send_is_refused(forms, headers, status):
    """Also with the token: another site cannot have it act. Nothing is saved, nothing started."""
    path = f"/{forms.token}/.form/save"
    assert asked(forms, path, change(forms), **headers)[0] == status
    for body in (b"[]", b"3", b"{", b"\xff", b"[" * 5000, b'{"a": NaN'):
        assert asked(forms, path, body)[0] == 400
    assert (forms.place.root / "params/a.yaml").read_text() == TEXT
    assert forms.started == []
    assert asked(forms, path, change(forms), method="PUT")[0] == 501
    assert asked(forms, path)[0] == 404


def test_a_form_of_ours_saves_and_runs(forms):
    status, _, content = asked(forms, f"/{forms.token}/.form/save", change(forms))
    assert (status, json.loads(content)["job"]) == (200, 1)
    assert (forms.place.root / "params/a.yaml").read_text() == TEXT.replace("5", "6")
    assert [path.name for path in forms.started] == ["a.yaml"]
    assert asked(forms, f"/{forms.token}/a/default/report.html", change(forms))[0] == 501


def test_only_reports_are_shown_in_frames_and_only_in_ours(forms):
    """A form is in no frame; a file of a notebook stays apart; the policies name our scripts."""
    token = forms.token
    _, head, content = asked(forms, f"/{token}/a/default/report.html")
    assert "frame-ancestors 'self'" in head
    assert 'href="../../.form/again?run=a%2Fdefault"' in content
    assert (
        "Content-Security-Policy: sandbox"
        in asked(forms, f"/{token}/a/default/artifacts/page.html")[1]
    )
    for page in ("", "config?config=params%2Fa.yaml", "new?template=tiny", "nothing"):
        _, head, content = asked(forms, f"/{token}/.form/{page}")
        assert "frame-ancestors 'none'" in head
        assert "script-src 'sha256-" in content
        assert " on" + "click=" not in content
        assert "Referrer-Policy: no-referrer" in head


def test_a_page_hears_how_far_its_config_is(forms):
    forms.board.show(**{"params/a.yaml": '{"state": "running"}'})
    path = f"/{forms.token}/.form/events?config=params%2Fa.yaml"
    assert asked(forms, path, Sec_Fetch_Site="cross-site")[0] == 403
    with socket.create_connection(("127.0.0.1", forms.port), timeout=20) as to:
        to.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{forms.port}\r\n\r\n".encode())
        heard = b""
        while b"data: " not in heard:
            heard += to.recv(4096)
        assert b'data: {"state": "running"}' in heard
