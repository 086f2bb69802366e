"""Outputs shown by a server that only this machine reaches."""

from __future__ import annotations

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
