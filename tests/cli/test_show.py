"""Outputs shown by a server that only this machine reaches."""

from __future__ import annotations

import os
import socket
import subprocess
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from fourfold.errors import FourfoldError
from fourfold.report.server import server
from served import COMMAND


@pytest.fixture
def outputs(tmp_path):
    """A page, and a secret beside the folder."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "index.html").write_text("<h1>runs</h1>")
    return tmp_path / "outputs"


def test_only_files_of_the_folder_and_only_to_this_machine(outputs):
    """A path that climbs out finds nothing; the address is loopback; pages are never kept."""
    with server(outputs) as found:
        Thread(target=found.serve_forever, daemon=True).start()
        host, port = found.server_address[:2]
        assert host == "127.0.0.1"
        with urlopen(f"http://{host}:{port}/") as answer:
            assert (answer.read(), answer.headers["Cache-Control"]) == (
                b"<h1>runs</h1>",
                "no-store",
            )
        for path in ("../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt"):
            with pytest.raises(HTTPError, match="404") as refused:
                urlopen(f"http://{host}:{port}/{path}")
            refused.value.close()
        with pytest.raises(FourfoldError, match=f"--port {port}: .*0 takes any"):
            server(outputs, port)
        found.shutdown()


def test_view_serves_what_was_run(project, config):
    """It needs runs, and says its address."""
    command = COMMAND
    none = subprocess.run([*command, "view"], cwd=project, capture_output=True, text=True)
    assert (none.returncode, "expected outputs of runs, found none" in none.stderr) == (2, True)
    config("template: tiny\n")
    done = subprocess.run([*command, "run"], cwd=project, capture_output=True, text=True)
    assert "outputs/index.html" in done.stdout
    with subprocess.Popen(
        [*command, "view", "--no-browser"], cwd=project, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            address = process.stdout.readline().split()[0]
            with urlopen(address) as answer:
                assert b'"config":{"values":["a"]' in answer.read()
            with urlopen(f"{address}a/default/report.html") as answer:
                assert answer.status == 200
        finally:  # a server that nobody ends would be waited for
            process.terminate()


@pytest.fixture
def served_outputs(outputs):
    with server(outputs) as serving:
        Thread(target=serving.serve_forever, daemon=True).start()
        yield outputs, serving.server_address[1]
        serving.shutdown()


def asked(port, path="/", host=None, raw=None):
    """Send a request as it is, and return the answer's first line and the rest."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as to:
        to.sendall(
            raw or f"GET {path} HTTP/1.0\r\nHost: {host or f'127.0.0.1:{port}'}\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: to.recv(65536), b""))
    return answer.decode(errors="replace").partition("\r\n")[::2]


def test_only_a_browser_that_asks_for_this_machine_by_name_is_answered(served_outputs):
    """A site of elsewhere whose name was made to mean this machine gets nothing."""
    _, port = served_outputs
    assert " 200 " in asked(port)[0]
    assert " 200 " in asked(port, host=f"localhost:{port}")[0]
    for host in (f"attacker.example:{port}", "127.0.0.1:1", "127.0.0.1", "", f"[::1]:{port}"):
        assert " 421 " in asked(port, host=host or " ")[0], host


def test_no_lists_of_folders_no_links_out_and_no_hidden_files(served_outputs):
    folder, port = served_outputs
    (folder / "config").mkdir()
    (folder / ".overview.json").write_text("hidden")
    (folder / ".live.js").write_text("Fourfold.live(null)")
    (folder / "out").symlink_to(folder.parent)
    (folder / "secret").symlink_to(folder.parent / "secret.txt")
    os.mkfifo(folder / "pipe")
    for path in ("/config", "/config/", "/out/secret.txt", "/secret", "/.overview.json", "/pipe",
                 "/%00", "/" + "a" * 5000, "//etc/passwd", "/config/../../secret.txt"):  # fmt: skip
        status, rest = asked(port, path)
        assert " 404 " in status, path
        assert not {"hidden", "secret", "Traceback"} & set(rest.split()), path
    assert " 200 " in asked(port, "/.live.js")[0]


def test_files_of_notebooks_are_shown_as_if_of_another_site(served_outputs):
    """Only our pages, which have a policy of their own, may run their scripts."""
    folder, port = served_outputs
    (folder / "c" / "r" / "artifacts").mkdir(parents=True)
    for path in ("c/r/artifacts/page.html", "c/r/artifacts/report.html", "c/r/report.html"):
        (folder / path).write_text("<script>1</script>")
        rest = asked(port, f"/{path}")[1]
        assert "nosniff" in rest
        assert ("Content-Security-Policy: sandbox;" in rest) == ("artifacts" in path), path


def test_what_is_no_request_ends_quietly(served_outputs, capfd):
    _, port = served_outputs
    for raw in (b"\0\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.0\r\n\r\n",
                b"GET / HTTP/1.0\r\n" + b"a: b\r\n" * 200 + b"\r\n"):  # fmt: skip
        asked(port, raw=raw)
    with socket.create_connection(("127.0.0.1", port)) as gone:
        gone.sendall(b"GET / HTTP/1.0\r\n")
    assert " 200 " in asked(port)[0]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("port", [-1, 65_536, 10**12])
def test_a_port_that_is_none_is_said_so(outputs, port):
    with pytest.raises(FourfoldError, match=f"--port {port}: expected 0 to 65535"):
        server(outputs, port)
