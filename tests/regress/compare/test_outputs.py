"""The outputs of a cell: each kind by its own measure."""

from __future__ import annotations

import pandas as pd
import pytest

from fourfold.plan.rules import Rules
from fourfold.records.evidence import MIME
from fourfold.regress.compare.outputs import compare_outputs
from fourfold.regress.compare.text import Again


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def display(**data):
    kinds = {
        "plain": "text/plain",
        "html": "text/html",
        "md": "text/markdown",
        "png": "image/png",
        "record": MIME,
        "svg": "image/svg+xml",
        "js": "application/javascript",
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
    """All that a browser gets: text, attributes, scripts; and the plain text beside it."""
    before = display(html="<b id='x1'>n = 3</b>", plain="<IPython.core.display.HTML object>")
    after = display(html="<b id='x2'>n = 4</b>", plain="<IPython.core.display.HTML object>")
    assert told([before], [after]) == [
        'HTML line 1: <b id="x1"> -> <b id="x2">',
        "HTML line 2, after 'n =': 3 -> 4",
    ]
    before, after = display(html="<p>1", plain="Model()"), display(html="<p>2", plain="Model()")
    assert told([before], [after]) == ["HTML line 2: 1 -> 2"]
    assert told([display(html="<p>1", plain="A")], [display(html="<p>1", plain="B")]) == [
        "line 1: A -> B"
    ]


TABLE = "<table><tr><th>shop</th></tr><tr><td>north</td></tr></table>"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"<h3>1,000 EUR</h3>{TABLE}", f"<h3>1,200 EUR</h3>{TABLE}"),
        (TABLE + "<p>1000 rows × 1 columns</p>", TABLE + "<p>1200 rows × 1 columns</p>"),
        (TABLE, TABLE.replace("<td>", "<td style='color: red'>")),
        (TABLE, TABLE.replace("north", "<b>north</b>")),
        (TABLE, TABLE.replace("north", "<a href='x'>north</a>")),
        (TABLE, TABLE.replace("north", "south")),
        ("<b style='color:green'>ok</b>", "<b style='color:red'>ok</b>"),
        ("<div style='width:50px'></div>", "<div style='width:90px'></div>"),
        ("<script>draw(5)</script>", "<script>draw(9)</script>"),
        ("<style>b {color: red}</style>", "<style>b {color: blue}</style>"),
        ("<img src='a.png'>", "<img src='b.png'>"),
        ("<pre>a  b</pre>", "<pre>a b</pre>"),
        ("<ul><li>a<li>b</ul>", "<ol><li>a<li>b</ol>"),
    ],
)
def test_what_html_shows(before, after):
    """Headings beside tables, styles of cells, colours, widths, scripts, pictures, spaces."""
    assert told([display(html=before, plain="x")], [display(html=after, plain="x")]) != []


def test_spaces_of_html_that_a_browser_joins():
    """How markup is laid out and the order of attributes do not count."""
    before = "<div id='a' class='b'>\n  <p>x   y</p>\n</div>"
    after = '<div class="b" id="a"><p>x y</p></div>'
    assert told([display(html=before, plain="x")], [display(html=after, plain="x")]) == []


def test_svg_and_scripts_are_read():
    """A bar of another height, a script with another number; random names only by proof."""
    svg = "<svg><clipPath id='p{}'/><rect height='{}'/></svg>"
    one, two, other = (
        display(svg=svg.format(*v)) for v in (("1ab2c3", 3), ("9ffe2a", 3), ("9ffe2a", 4))
    )
    third = display(svg=svg.format("4dd011", 3))
    assert told([one], [two]) != []
    assert told([one], [two], again=Again(([third],))) == []
    assert told([one], [other], again=Again(([display(svg=svg.format("4dd011", 4))],))) != []
    assert told([display(js="draw(5)")], [display(js="draw(9)")]) == [
        "line 1, after 'draw(': 5 -> 9"
    ]


def test_the_order_of_outputs():
    """What is printed before a display is not what is printed behind it."""
    text, shown = stream("first\n"), display(md="second")
    assert told([text, shown], [shown, text]) == [
        "line 1: (nothing) -> [an output]",
        "line 2: [an output] -> (nothing)",
    ]
    assert told([text, shown], [stream("fi"), stream("rst\n"), shown]) == []
    assert told([display(md="a"), display(md="b")], [display(md="b"), display(md="a")]) != []


def test_evidence_for_each_kind():
    """Cells of tables, JSON, errors, pictures of other outputs: what varies is no difference."""

    def timed(seconds, score=0.5):
        return frame(score=[score, 0.6], seconds=[seconds, 2 * seconds])

    again = Again(([timed(0.31)],))
    assert told([timed(0.12)], [timed(0.29)], again=again) == []
    assert told([timed(0.12, 0.4)], [timed(0.29)], again=again) == [
        "[row '0', column 'score']: 0.4 -> 0.5"
    ]
    charts = [
        display(plotly={"uid": uid, "y": [y]})
        for uid, y in (("a1b2c3", 1), ("ffe1d2", 1), ("1234ab", 1), ("77aa88", 2))
    ]
    assert told([charts[0]], [charts[1]], again=Again(([charts[2]],))) == []
    assert told([charts[3]], [charts[1]], again=Again(([charts[2]],))) != []
    errors = [error("OSError", f"no port {port}") for port in (40123, 51234, 31987)]
    assert told([errors[0]], [errors[1]], again=Again(([errors[2]],))) == []
    extra = [display(plain="1"), display(html="<i>", plain="x")]
    assert told(extra, extra[:1], again=Again((extra,))) == []
    assert told(extra, extra[:1], again=Again((extra[:1],))) != []


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
    """The name of a widget is no result; its plain text is, and that it is there."""
    before = display(widget={"model_id": "a"}, plain="IntSlider(value=3)")
    after = display(widget={"model_id": "b"}, plain="IntSlider(value=3)")
    assert told([before], [after]) == []
    assert told([], [display(widget={"model_id": "b"}, plain="x")]) != []


def test_plots_of_other_libraries_are_json():
    """plotly keeps its data in the output."""
    before, after = (display(plotly={"data": [{"y": [1.0, y]}]}) for y in (2.0, 3.0))
    assert told([before], [after]) == ["/data/0/y/1: 2.0 -> 3.0"]


@pytest.mark.parametrize("text", ["a", ["a\n", "b"]])
def test_lists_of_lines_are_text(text):
    """Text may be kept as a list of its lines."""
    assert told([stream(text)], [stream("".join(text))]) == []
    assert told([display(plain=text)], [display(plain="".join(text))]) == []
