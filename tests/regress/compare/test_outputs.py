"""The outputs of a cell: each kind by its own measure."""

from __future__ import annotations

import pandas as pd
import pytest

from fourfold.plan.rules import Rules
from fourfold.records.evidence import MIME
from fourfold.regress.compare.outputs import compare_outputs


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def display(**data):
    kinds = {
        "plain": "text/plain",
        "html": "text/html",
        "md": "text/markdown",
        "png": "image/png",
        "record": MIME,
        "widget": "application/vnd.jupyter.widget-view+json",
        "plotly": "application/vnd.plotly.v1+json",
    }
    return {"output_type": "display_data", "data": {kinds[k]: v for k, v in data.items()}}


def error(name, value):
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": []}


def told(before, after, **options) -> list[str]:
    """The differences as they are shown."""
    return list(map(str, compare_outputs(before, after, **options)))


def frame(**columns):
    table = pd.DataFrame(columns)
    return display(html=table.to_html(), plain=table.to_string())


def test_chunks_of_a_stream_are_one_text():
    """How a stream was cut, and how both were interleaved, does not count."""
    before = [stream("a\n"), stream("w\n", "stderr"), stream("b\n")]
    after = [stream("w\n", "stderr"), stream("a\nb\n")]
    assert told(before, after) == []


def test_lines_of_stderr_have_no_order():
    """Threads complain in any order; another complaint is told."""
    before, after = stream("w1 3\nw2 4\n", "stderr"), stream("w2 4\nw1 3\n", "stderr")
    assert told([before], [after]) == []
    other = stream("w2 4\nw3 3\n", "stderr")
    assert told([before], [other]) == [
        "stderr line 1: w1 3 -> (nothing)",
        "stderr line 2: (nothing) -> w3 3",
    ]
    assert told([before], [other], rules=Rules(ignore=("stderr",))) == []


def test_lines_of_stdout_have_an_order():
    """What a cell prints is a result, and so is its order."""
    assert told([stream("a\nb\n")], [stream("b\na\n")]) != []


def test_a_table_is_told_once():
    """Of HTML and plain text the table is compared, cell by cell."""
    before, after = frame(a=[1, 2], b=[0.1, 0.3]), frame(a=[1, 2], b=[0.1, 0.31])
    assert told([before], [after]) == ["[row '1', column 'b']: 0.3 -> 0.31"]
    assert told([before], [after], rules=Rules(ignore=("column b",))) == []


def test_html_without_a_table():
    """The plain text is compared; where it says nothing, the words of the HTML."""
    before = display(html="<b id='x1'>n = 3</b>", plain="<IPython.core.display.HTML object>")
    after = display(html="<b id='x2'>n = 4</b>", plain="<IPython.core.display.HTML object>")
    assert told([before], [after]) == ["line 1, after 'n =': 3 -> 4"]
    before, after = display(html="<p>1", plain="Model()"), display(html="<p>2", plain="Model()")
    assert told([before], [after]) == []


def test_a_record_is_compared_instead_of_its_text():
    """Its rendering follows from it, and is rounded."""
    record = {"kind": "metric", "name": "auc", "value": 0.912345, "ci": None}
    before = display(record=record, plain="auc 0.912")
    after = display(record={**record, "value": 0.9125}, plain="auc 0.912")
    assert told([before], [after]) == ["/metrics/auc: 0.912345 -> 0.9125"]
    assert told([before], [after], rules=Rules(metrics={"auc": 0.01})) == []
    assert told([before], [display(plain="auc 0.912")]) == ["record: a record -> (nothing)"]


def test_a_figure_by_its_data():
    """The data behind it say what differs; a reference that has none is compared by its pixels."""
    figure = {"kind": "figure", "axes": [{"lines": [{"y": [1.0, 2.0]}]}]}
    other = {"kind": "figure", "axes": [{"lines": [{"y": [1.0, 2.5]}]}]}
    before, after = (
        display(record=figure, plain="<Figure>"),
        display(record=other, plain="<Figure>"),
    )
    assert told([before], [after]) == ["/figure/axes/0/lines/0/y/1: 2.0 -> 2.5"]
    assert told([display(plain="<Figure>")], [after]) == []


def test_outputs_gone_and_new():
    """An output that only one side has is told; the others are still compared."""
    before = [display(md="a"), display(plain="1"), display(md="b")]
    assert told(before, [display(md="a"), display(md="c")]) == [
        "output: text/plain: 1 -> (nothing)",
        "line 1: b -> c",
    ]
    assert told([], [display(png="x", plain="<Figure>")]) == ["output: (nothing) -> a picture"]
    assert told([], [display(png="x")], rules=Rules(ignore=("pictures",))) == []


def test_another_form_is_told():
    """A picture that became text, a table that became plain."""
    assert told([display(plain="1", html="<p>1")], [display(plain="1")]) == [
        "output text/html: there -> gone"
    ]


def test_errors_that_are_allowed():
    """Kind and message of an error count, its traceback does not."""
    assert told([error("KeyError", "'a'")], [error("KeyError", "'a'")]) == []
    assert told([error("KeyError", "'a'")], [error("KeyError", "'b'")]) == [
        "error: KeyError: 'a' -> KeyError: 'b'"
    ]
    assert told([error("KeyError", "'a'")], [display(plain="1")]) == [
        "error: KeyError: 'a' -> no error"
    ]


def test_widgets_have_random_names():
    """The state of a widget is no result; its plain text is."""
    before = display(widget={"model_id": "a"}, plain="IntSlider(value=3)")
    after = display(widget={"model_id": "b"}, plain="IntSlider(value=3)")
    assert told([before], [after]) == []
    assert told([], [display(widget={"model_id": "b"}, plain="x")]) == []


def test_plots_of_other_libraries_are_json():
    """plotly keeps its data in the output."""
    before, after = (display(plotly={"data": [{"y": [1.0, y]}]}) for y in (2.0, 3.0))
    assert told([before], [after]) == ["/data/0/y/1: 2.0 -> 3.0"]


@pytest.mark.parametrize("text", ["a", ["a\n", "b"]])
def test_lists_of_lines_are_text(text):
    """Text may be kept as a list of its lines."""
    assert told([stream(text)], [stream("".join(text))]) == []
    assert told([display(plain=text)], [display(plain="".join(text))]) == []
