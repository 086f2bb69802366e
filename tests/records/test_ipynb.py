"""Notebooks as JSON: what reading them loads."""

from __future__ import annotations

import subprocess
import sys

FORMATS = """
import sys
from fourfold.records.ipynb import defer_grammar
defer_grammar()
import nbformat
assert "lark" not in sys.modules
from jsonschema import FormatChecker
for text in ("http://a.org/é", "http://a b", "http://é.org", "no scheme"):
    print(FormatChecker().conforms(text, "iri"), end=" ")
import rfc3987_syntax.syntax_helpers
from rfc3987_syntax import RFC3987_SYNTAX_TERMS, is_valid_syntax
print("iri" in RFC3987_SYNTAX_TERMS, is_valid_syntax("iri", "a b"))
"""
FIRST_OTHER = """
from fourfold.records.ipynb import defer_grammar
defer_grammar()
import nbformat
from rfc3987_syntax import syntax_helpers, is_valid_syntax_iri
print(is_valid_syntax_iri("http://a.org"), syntax_helpers.__name__)
"""


def output(code: str) -> str:
    """Return what a fresh process prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_grammar_of_iris_comes_on_first_use():
    """It is not compiled to read a notebook; whoever asks for it gets what it is."""
    assert output(FORMATS) == "True False True False True False"


def test_any_name_of_it_loads_it():
    """Also a name that jsonschema does not import, and a module of it."""
    assert output(FIRST_OTHER) == "True rfc3987_syntax.syntax_helpers"


def test_the_command_defers_it():
    """``fourfold regress`` and ``run`` load what they need without it."""
    code = "import sys\nsys.argv = ['fourfold', '--version-of-nothing']\n"
    code += "from fourfold.cli.main import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
    code += "import fourfold.regress.session, fourfold.run.batch\nprint('lark' in sys.modules)"
    assert output(code) == "False"
