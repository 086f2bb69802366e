"""Each sentence of SECURITY.md has a test, named here; those without one of their own are below."""

from __future__ import annotations

import pickle
import re
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import pytest

from fourfold.data.formats import KINDS, read_table
from fourfold.data.sources import load
from fourfold.errors import DataError, FourfoldError
from fourfold.plan.plan import plan
from fourfold.report.safe import safe_html
from fourfold.report.server import server

ROOT = Path(__file__).parents[1]
#: A sentence, and the tests that show it.
TESTS = {
    "It starts no code but the template that it names, and that lies in the project.": "test_security.py::test_a_config_names_only_templates_of_its_project test_security.py::test_a_config_starts_nothing_by_its_own_words",
    "It writes and deletes nothing outside of the outputs, whatever its name is.": "test_accidents.py::test_nothing_outside_of_the_outputs_is_written_or_deleted",
    "A link among the outputs that leads out of them is refused.": "test_accidents.py::test_nothing_outside_of_the_outputs_is_written_or_deleted",
    "A secret in a URL is refused in plain text, and the message does not repeat it.": "test_accidents.py::test_a_secret_in_a_url_is_refused_and_never_shown",
    "A secret in a variable, `${NAME}`, is in no record, notebook, page or message.": "test_accidents.py::test_a_planted_secret_is_in_no_file_and_no_output test_accidents.py::test_a_message_has_a_secret_in_no_spelling",
    "A query only reads, from a database as from a file; no string or comment hides a word that would do more.": "test_accidents.py::test_a_query_only_reads test_accidents.py::test_no_quote_or_comment_hides_what_is_asked data/test_mysql.py::test_what_writes_is_refused",
    "It reaches no file, program or other connection of a server by a function that PostgreSQL has.": "data/test_postgres.py::test_what_leaves_the_database_is_refused",
    "A query or a view that gives far more than its database holds, or does not end, is ended by SQLite.": "fuzz/test_fuzz.py::test_a_view_that_becomes_large_or_does_not_end_is_refused fuzz/test_fuzz.py::test_a_query_of_a_table_in_memory_ends_too",
    "Values are counted before they are made: aliases, grids and brackets of any size are refused at once.": "fuzz/test_fuzz.py::test_configs_that_would_grow_are_counted_first",
    "No pickle is read.": "test_security.py::test_no_pickle_is_read",
    "A file of Parquet, Feather, Stata, SPSS or SAS, a workbook or JSON that holds far more than its size is refused before it is made.": "fuzz/test_fuzz.py::test_what_is_counted_is_refused_before_it_is_made",
    "A file of any name is data: no name is a command, and no pipe or device is read.": "test_hostile_paths.py::test_a_file_of_any_name_is_read test_hostile_paths.py::test_what_is_no_file_is_one_line test_hostile_paths.py::test_a_command_at_the_end_gets_names_as_data",
    "An archive that unpacks to far more than its size is refused before it does.": "fuzz/test_fuzz.py::test_files_that_would_unpack_to_more_are_refused",
    "Text in a table is text: no name of a column, value or file runs in a page.": "report/test_hostile_templates.py::test_pages_of_all_templates_show_the_text_and_run_nothing",
    "Its outputs are cleaned in a report: no script, frame, form or remote picture is left.": "report/test_hostile.py::test_what_an_output_may_bring test_security.py::test_no_part_that_acts_is_left",
    "The same text is shown as text in the page of all runs, of a search and of differences.": "report/test_hostile.py::test_hostile_pages_run_no_script",
    "A record of another shape counts as none.": "test_accidents.py::test_each_wrong_field_of_a_record_counts_as_none",
    "Every page has a Content-Security-Policy that lets only our own scripts run, by their hash.": "report/test_hostile.py::test_every_page_has_a_policy_before_anything_else",
    "A page asks nothing of a network.": "report/test_hostile.py::test_hostile_pages_run_no_script",
    "`fourfold view` answers this machine only, and only under its own name.": "cli/test_show.py::test_only_a_browser_that_asks_for_this_machine_by_name_is_answered test_security.py::test_pages_are_served_to_this_machine_alone",
    "`fourfold watch` serves in the same way, and tells what goes wrong to its own pages only.": "report/test_pages.py::test_pages_hear_of_texts_and_of_their_file",
    "It lists no folder, follows no link out of the outputs, and shows no hidden file but that of a batch's progress.": "cli/test_show.py::test_no_lists_of_folders_no_links_out_and_no_hidden_files",
    "Files that notebooks have saved are served as if they were of another site, and run nothing.": "cli/test_show.py::test_files_of_notebooks_are_shown_as_if_of_another_site",
    "`fourfold view --run` answers nothing without the token of its address: no page, no file, no action.": "report/test_forms_server.py::test_without_the_token_there_is_nothing",
    "It acts only for its own pages: a request with another host or origin, or of another kind, changes nothing.": "report/test_forms_server.py::test_what_a_form_of_ours_does_not_send_is_refused cli/test_view_run.py::test_one_lock_with_the_command_line_and_nothing_stays",
    "An entry of a form is a value by the type of its parameter, and never code.": "author/test_form.py::test_an_entry_is_never_code author/test_form.py::test_an_entry_is_a_value_of_the_type",
    "A form writes only configs that are in the project, or a new one in the folder of its template; no name leads elsewhere.": "author/test_form.py::test_a_name_leads_nowhere_else",
    "A config that was changed since its form was opened is not overwritten.": "author/test_form.py::test_a_file_that_was_changed_is_not_written_over",
    "A form is shown in no frame, and a report only in one of a form's own pages.": "report/test_forms_server.py::test_only_reports_are_shown_in_frames_and_only_in_ours",
    "When it ends, no kernel, process or socket of it is left.": "cli/test_view_run.py::test_one_lock_with_the_command_line_and_nothing_stays",
}  # fmt: skip


def test_every_sentence_has_a_test_that_exists():
    """A sentence that is added, or a test that is renamed, fails this."""
    sentences = re.findall(r"^- (.+)$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    assert sentences == list(TESTS)
    for place in " ".join(TESTS.values()).split():
        file, _, name = place.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(), place


@pytest.mark.parametrize(
    "name", ["../../evil", "../evil.ipynb", "ABSOLUTE", "tiny/../../../evil", "os"]
)
def test_a_config_names_only_templates_of_its_project(project, config, name):
    """A notebook that lies elsewhere is none, even if it is there."""
    source = (project / "templates" / "tiny.ipynb").read_text()
    (evil := project.parent / "evil.ipynb").write_text(source)
    config(f"template: {evil if name == 'ABSOLUTE' else name}\n")
    with pytest.raises(FourfoldError, match="template"):
        plan([], project)


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch evil']", "!!python/name:os.system", "!!python/module:evil", "!!python/object/new:os.system [touch evil]",
        "$(touch evil)", "`touch evil`", "{{ evil() }}", "__import__('os').system('touch evil')", "!include evil.yaml", "!!js/function 'evil'",
    ],
)  # fmt: skip
def test_a_config_starts_nothing_by_its_own_words(project, config, monkeypatch, text):
    """Tags and text are refused, or text as any other."""
    monkeypatch.chdir(project)
    for place in ("business: {question: %s}", "parameters: {mode: %s}", "sweep: {grid: {data: {files: %s}}}", "%s: 1"):  # fmt: skip
        config(f"template: tiny\n{place % text}\n")
        with suppress(FourfoldError):
            plan([], project)
    assert not list(project.rglob("evil"))


def test_pages_are_served_to_this_machine_alone(tmp_path):
    """On the address of no network."""
    with server(tmp_path) as serving:
        assert ip_address(serving.server_address[0]).is_loopback


@pytest.mark.parametrize("part", ["script", "iframe", "form", "object", "embed", "frame", "meta", "base", "link", "svg", "portal"])  # fmt: skip
def test_no_part_that_acts_is_left(part):
    """Written in whatever way a browser takes."""
    for html in (
        f"<{part} src='https://a.example/x' href='javascript:f()' data='https://a.example' action='https://a.example'>",
        f"<{part.upper()}/onload=f() src=//a.example>x</{part}>",
        f"<b><{part}\n></b><img src='https://a.example/x' srcset='https://a.example/y 2x'>",
        f"<<{part}>><{part} <{part}>",
    ):
        tags = " ".join(re.findall("<[^>]*>", safe_html(html)))
        assert not re.search(rf"<\s*{part}\b|a\.example|javascript:|onload", tags, re.IGNORECASE)


class _Evil:
    def __reduce__(self):
        return (Path.touch, (Path("evil"),))


@pytest.mark.parametrize("ending", sorted(KINDS))
def test_no_pickle_is_read(tmp_path, monkeypatch, ending):
    """Under no ending that a table may have."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"a{ending}").write_bytes(pickle.dumps(_Evil()))
    with (tmp_path / f"a{ending}").open("rb") as handle, pytest.raises(DataError):
        read_table(handle, f"a{ending}")
    with pytest.raises(DataError):
        load("a.pkl")
    assert not (tmp_path / "evil").exists()
