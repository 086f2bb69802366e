"""Hostile text in pages: nothing of it runs, from disk or served, and pages still work."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from hostile import PAYLOADS, RUN, write_pages

from fourfold.report.safe import policy, safe_html, safe_styles
from fourfold.report.server import HOST, server


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The hostile pages, in a folder as `fourfold view` shows it."""
    folder = tmp_path_factory.mktemp("outputs")
    return folder, dict(write_pages(folder))


@contextmanager
def served(folder):
    with server(folder) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        try:
            yield f"http://{HOST}:{serving.server_address[1]}"
        finally:
            serving.shutdown()
            thread.join()


def visit(tab, address):
    """Open a page, click and hover over all that a reader may; say whether a script ran."""
    tab.goto(address, wait_until="load")
    return tab.evaluate("""async () => {
      for (const each of document.querySelectorAll("details")) each.open = true;
      for (const each of document.querySelectorAll("main a, main img, main label")) {
        each.dispatchEvent(new MouseEvent("mouseover", { bubbles: true })); each.focus();
        if (!/^(https?|file):/.test(each.href || "")) each.click(); }
      await new Promise((done) => setTimeout(done, 20));
      return document.documentElement.dataset.ran || "";
    }""")


def watched(browser):
    context = browser.new_context()
    tab, asked, dialogs = context.new_page(), [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    return context, tab, asked, dialogs


def test_hostile_pages_run_no_script(browser, pages):
    """60 pages, from disk and served: no script, no request, and the page's own scripts run."""
    folder, files = pages
    assert len(files) >= 40
    context, tab, asked, dialogs = watched(browser)
    with served(folder) as address:
        for place in (folder.as_uri(), address):
            for name, file in files.items():
                ran = visit(tab, f"{place}/{file.relative_to(folder).as_posix()}")
                assert (name, place, ran) == (name, place, "")
                if name.startswith("report"):
                    assert tab.evaluate("document.documentElement.classList.contains('js')"), name
                if name.startswith("overview") and place != address:
                    assert tab.locator("#runs tbody tr").count() == 2, name
        outside = [url for url in asked if not url.startswith(("file:", "data:", address))]
    context.close()
    assert outside == []
    assert dialogs == []


def test_the_same_text_runs_where_nothing_is_done_against_it(browser, tmp_path):
    """The test above can fail: in a bare page these texts are scripts."""
    context, tab, _, _ = watched(browser)
    ran = set()
    for name in ("script", "handler", "details", "frame", "svg"):
        (tmp_path / f"{name}.html").write_text(f"<!DOCTYPE html><main>{PAYLOADS[name]}</main>")
        ran |= {name} if visit(tab, (tmp_path / f"{name}.html").as_uri()) else set()
    context.close()
    assert ran >= {"script", "handler", "details"}


def test_the_policy_alone_stops_a_script(browser, tmp_path, pages):
    """If the cleaning missed something, the browser would not run it either."""
    context, tab, _, _ = watched(browser)
    for name, file in pages[1].items():
        if name.endswith("-script"):
            text = file.read_text(encoding="utf-8")
            (tmp_path / "x.html").write_text(
                text.replace("</body>", f"{PAYLOADS['script']}</body>")
            )
            assert (name, visit(tab, (tmp_path / "x.html").as_uri())) == (name, "")
    context.close()


def test_every_page_has_a_policy_before_anything_else(pages):
    for name, file in pages[1].items():
        head = file.read_text(encoding="utf-8").partition("</head>")[0]
        before, _, after = head.partition('<meta http-equiv="Content-Security-Policy" content="')
        assert "default-src" in after, name
        assert "<script" not in before, name
        assert "<style" not in before, name
        assert "unsafe-inline" not in after.partition("script-src")[2].partition(";")[0], name


def test_the_policy_names_the_digest_of_each_script():
    assert "script-src 'sha256-" in policy("a()")
    assert policy("a()") != policy("b()")
    assert "script-src 'none'" in policy()


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<table class='dataframe status supported'><td style='color:red;position:fixed'>1</td></table>",
         '<table class="dataframe"><tbody><tr><td style="color:red">1</td></tr></tbody></table>'),
        ('<img src="https://tracker.example/x.png">', "<img>"),
        ('<img src="//tracker.example/x.png">', "<img>"),
        ('<img src="data:image/png;base64,AAAA">', '<img src="data:image/png;base64,AAAA">'),
        ('<img src="data:text/html,x">', "<img>"),
        ('<a href="data:text/html,x">y</a>', "<a>y</a>"),
        ('<form action="https://a.example"><input type="password"></form>', "<input>"),
    ],
)  # fmt: skip
def test_what_an_output_may_bring(html, expected):
    """Tables, colours and pictures stay; what loads, lays over the page or asks for input goes."""
    assert safe_html(html) == expected


def test_an_interactive_output_says_that_it_is_left_out():
    assert "interactive part" in safe_html(f"<div></div><script>{RUN}</script>")
    assert "interactive part" not in safe_html("<b>1</b>")


def test_colours_of_a_styler_stay_and_other_rules_go():
    """A Styler's rules are for its own table, and load nothing."""
    import pandas as pd

    styled = pd.DataFrame({"a": [1, 2]}).style.background_gradient().set_uuid("x").to_html()
    kept = safe_styles(styled)
    assert "#T_x_row0_col0" in kept
    assert "background-color" in kept
    assert 'id="T_x_row0_col0"' in safe_html(styled)
    for rule in (
        "body {display: none}",
        "#T_x, body {color: red}",
        "#T_x {background: url(https://a.example)}",
        "#T_x {position: fixed}",
        "#T_x {color: red} @import 'https://a.example'; #T_x {color: red}",
        "#T_x {width: \\75rl(x)}",
        "</style><script>f()</script>#T_x {color: red}",
    ):
        text = safe_styles(f"<style>{rule}</style>")
        for part in ("body", "http", "fixed", "<", "\\", "import"):
            assert part not in text, rule
    assert safe_styles("<style>#T_x " + ":a" * 50_000 + "!</style>") == ""


def test_a_diagram_of_scikit_learn_stays():
    """Its style is known to the letter; one that was altered is shown as text."""
    from sklearn.linear_model import LogisticRegression

    html = LogisticRegression()._repr_html_()
    assert ".sk-global" in safe_styles(html)
    assert "sk-top-container" in safe_html(html, "LogisticRegression()")
    altered = html.replace("</style>", "body {display: none}</style>", 1)
    assert safe_styles(altered) == ""
    assert safe_html(altered, "LogisticRegression()") == "<pre>LogisticRegression()</pre>"
