"""Output comes whole, is cut with a word about it, or its loss is noticed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
import zmq
import zmq.asyncio
from jupyter_client.session import Session

from fourfold.run.kernels import client, delivery
from fourfold.run.kernels.delivery import Ledger
from fourfold.run.kernels.execution import Execution, Limits
from fourfold.run.kernels.zygotes import available

STARTS = ["cold", *(["warm"] if available() else [])]


@pytest.fixture(params=STARTS)
def executed(request, tmp_path, monkeypatch):
    """Execute cells in a kernel that starts warm or cold; return the execution."""
    if request.param == "cold":
        monkeypatch.setenv("FOURFOLD_COLD", "1")

    def execute(*sources: str) -> Execution:
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"papermill": {}})
        for cell in notebook.cells:
            cell.metadata["papermill"] = {}
        execution = Execution(notebook, tmp_path / "a.ipynb")
        client.execute(execution, "python3", limits=Limits(timeout_s=120), ahead=lambda: 0)
        assert execution.start == request.param
        return execution

    return execute


@pytest.fixture
def busy():
    """Keep both cores busy, so that the reader is late."""
    burn = "import os; os.nice(10)\nwhile True: pass"  # other tests have their share
    others = [subprocess.Popen([sys.executable, "-c", burn]) for _ in "ab"]
    yield
    assert [each.poll() for each in others] == [None, None]
    for each in others:
        each.kill()
        each.wait()


def text_of(execution: Execution) -> str:
    return "".join(
        o.text for c in execution.nb.cells for o in c.outputs if o.output_type == "stream"
    )


def test_a_flood_comes_whole(executed, busy):
    """Each line, as plain papermill has it, and each metric between them."""
    execution = executed(
        "import fourfold as ff\n"
        "for i in range(1500):\n    print(i, flush=True)\n    ff.record(f'm{i}', i, exact=True)",
        "for i in range(1500, 3000): print(i, flush=True)",
    )
    assert execution.failure is None
    assert text_of(execution).split() == [str(n) for n in range(3000)]
    shown = [o for o in execution.nb.cells[0].outputs if o.output_type == "display_data"]
    assert len(shown) == 1500


DROP = """sender = get_ipython().kernel.iopub_thread
really, count = sender._really_send, iter(range(10**9))
sender._really_send = lambda *args, **more: None if next(count) in (5, 7) else really(*args, **more)"""


def test_a_lost_message_is_noticed(executed):
    """Where messages are dropped on the way, the run has not ended well."""
    execution = executed("print('before')", DROP, "for i in range(9): print(i, flush=True)", "1")
    assert execution.failure is not None
    assert (execution.failure.error, execution.failure.cell) == ("OutputLost", 3)
    assert "2 of the kernel's messages did not come" in execution.failure.message


def test_output_without_end_is_cut(executed, monkeypatch):
    """At a number of characters, with a sentence that says so."""
    monkeypatch.setattr(delivery, "LONGEST", 1000)
    execution = executed("for i in range(500): print('x' * 9)", "print('next')")
    first, note = execution.nb.cells[0].outputs
    assert first.text == ("x" * 9 + "\n") * 100
    assert note.text == "\n[cut: this cell printed 4,000 more characters]\n"
    assert execution.nb.cells[1].outputs[0].text == "next\n"


def test_text_of_one_stream_is_one_output(executed):
    """As Jupyter shows it; another stream or a display parts it."""
    source = "import sys\nfor i in range(3): print(i, flush=True)\nprint('e', file=sys.stderr, flush=True)\nprint(3)"
    execution = executed(source)
    shown = [(o.name, o.text) for o in execution.nb.cells[0].outputs]
    assert shown == [("stdout", "0\n1\n2\n"), ("stderr", "e\n"), ("stdout", "3\n")]


def test_an_endless_flood_ends_in_time(tmp_path):
    """A reader that stops does not leave the kernel waiting for it."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("while True: print('x' * 1000)", metadata={"papermill": {}})
        ],
        metadata={"papermill": {}},
    )
    execution = Execution(notebook, tmp_path / "a.ipynb")
    client.execute(execution, "python3", limits=Limits(timeout_s=3), ahead=lambda: 0)
    assert execution.failure is not None
    assert execution.failure.outcome == "timed_out"


def sent(ledger: Ledger, name: str) -> dict:
    """Take a message of this id, as a client takes it from a socket."""
    sender = Session(key=ledger.key)
    message = sender.msg("status", {"execution_state": "idle"})
    message["header"]["msg_id"] = name
    return ledger.deserialize(ledger.feed_identities(sender.serialize(message))[1])


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (("a_7_1", "a_7_2", "a_7_3"), 0),
        (("a_7_1", "a_7_4"), 2),
        (("a_7_1", "a_7_2", "a_7_2", "a_7_4"), 0),  # two threads took one number
        (("a_7_1", "a_8_9", "a_7_2"), 0),  # a process that the kernel has started
        (("6f0c2c1e-8b1f", "ab12", "0d4f-77"), 0),  # kernels of other languages do not count
        (("a_7_1", "a_7_1", "a_7_3"), 0),  # two threads took the number of the first
    ],
)
def test_messages_are_counted_where_the_kernel_numbers_them(names, missing):
    """Numbers that are left out are missing; ids without numbers are no reason to stop."""
    ledger = Ledger(key=b"k")
    first, *others = names
    sent(ledger, "0000-ffff")
    ledger.begin(sent(ledger, first))
    for name in others:
        sent(ledger, name)
    assert ledger.missing == missing


@pytest.mark.parametrize(
    ("before", "first", "after", "missing"),
    [
        ((5,), 4, (6,), 0),  # a kernel's welcome is made after the first answer, and overtakes it
        ((3,), 4, (5,), 0),
        ((2, 4), 4, (6,), 0),  # and two threads took one number
        ((5,), 4, (8,), 2),
    ],
)
def test_what_overtakes_the_first_answer_is_not_missed(before, first, after, missing):
    """One of 2,000 kernels on a busy machine: nothing was lost, and the run failed."""
    ledger = Ledger(key=b"k")
    for number in before:
        sent(ledger, f"a_7_{number}")
    ledger.begin(sent(ledger, f"a_7_{first}"))
    for number in after:
        sent(ledger, f"a_7_{number}")
    assert ledger.missing == missing


@pytest.mark.parametrize(("ahead", "limit"), [(lambda: 0, 100), (None, 0)], ids=["own", "other"])
def test_only_a_kernel_that_waits_is_kept_waiting(tmp_path, ahead, limit):
    """From any other kernel everything is taken at once, since it drops what is not."""
    cell = nbformat.v4.new_code_cell("1", metadata={"papermill": {}})
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"papermill": {}})
    limits = []

    def look(manager):
        connect = manager.client_factory.connect_iopub

        class Watched(manager.client_factory):
            def connect_iopub(self, identity=None):
                socket = connect(self, identity)
                limits.append(socket.getsockopt(zmq.RCVHWM))
                return socket

        manager.client_factory = Watched

    execution = Execution(notebook, tmp_path / "a.ipynb")
    client.execute(execution, "python3", limits=Limits(60), ahead=ahead, on_kernel=look)
    assert execution.failure is None
    assert limits == [limit]


def test_what_displays_itself_is_not_missed(executed):
    """As plotly's figures do: their cell has a display, and no result of its own."""
    shows = "class A:\n    def _ipython_display_(self): print('a')\nA()"
    execution = executed(shows, "2 + 2", "A()")
    assert execution.failure is None
    assert text_of(execution) == "a\na\n"
    assert execution.nb.cells[1].outputs[0].data["text/plain"] == "4"


@pytest.mark.parametrize("code", ["exit()", "quit()", "def f():\n    exit(0)\nf()", "exit(3)"])
def test_exit_ends_a_notebook_as_sys_exit_does(executed, code):
    """The rest of the cell and the cells after it are not executed; a code but 0 is a failure."""
    execution = executed(f"print('before')\n{code}\nprint('same cell')", "print('next')")
    assert text_of(execution).startswith("before\n")
    assert "same cell" not in text_of(execution)
    assert "next" not in text_of(execution)
    assert (execution.failure and execution.failure.message) == ("3" if "3" in code else None)


def test_a_kernel_of_others_that_ends_itself_ends_the_notebook(tmp_path):
    """Its ``exit()`` comes back after the cell, as a word to who asked."""
    cells = [nbformat.v4.new_code_cell(source) for source in ("exit()", "print('next')")]
    for cell in cells:
        cell.metadata["papermill"] = {}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"papermill": {}})
    execution = Execution(notebook, tmp_path / "a.ipynb")
    client.execute(execution, "python3", limits=Limits(60))
    assert execution.failure is None
    assert text_of(execution) == ""


LOSE = """kernel = get_ipython().kernel
sender = kernel.iopub_thread
really, lost = sender._really_send, []
def send(frames, *args, **more):
    text = b"".join(map(bytes, frames))
    if b'"idle"' in text and b"execute_request" in text and len(lost) < 2:
        lost.append(text)  # first that of this cell, which must come
        if len(lost) == 2:
            return
    really(frames, *args, **more)
"""


def test_the_word_of_the_end_may_be_lost(executed):
    """Where nothing else is missing, the next cell follows within seconds."""
    lose = LOSE + "sender._really_send = send"
    execution = executed(lose, "print('a')", "print('b')")
    assert execution.failure is None
    assert text_of(execution) == "a\nb\n"


def test_a_kernel_that_is_idle_and_has_not_answered_is_noticed(executed):
    """It is lost as a dead one is, so that the run is tried again."""
    silent = "get_ipython().kernel.shell_handlers['execute_request'] = lambda *_: None"
    execution = executed(silent, "print('a')")
    assert execution.failure is not None
    assert (execution.failure.outcome, execution.failure.error) == ("killed", "Unanswered")


def test_a_reply_is_taken_though_something_is_sent_meanwhile():
    """A send swallows the word that a message has come; plain Jupyter then waits for ever."""

    async def waited() -> float:
        with (
            zmq.asyncio.Context() as context,
            context.socket(zmq.DEALER) as dealer,
            zmq.Context(context).socket(zmq.PAIR) as kernel,
        ):
            kernel.bind("inproc://kernel")
            dealer.connect("inproc://kernel")
            session = Session(key=b"k")
            channel = client._Shell(dealer, session, asyncio.get_running_loop())
            reply = asyncio.ensure_future(channel.get_msg(timeout=60))
            await asyncio.sleep(0.1)
            session.send(kernel, "execute_reply", {"status": "ok"})
            time.sleep(0.1)
            session.send(dealer, "comm_msg", {})
            began = time.monotonic()
            assert (await reply)["msg_type"] == "execute_reply"
            return time.monotonic() - began

    # In a thread of its own: the tests of pages leave a loop that runs in this one.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, waited()).result() < 30


def test_what_programs_print_comes_with_their_cell(executed, busy, monkeypatch):
    """Also the last cell's, and much of it, which a thread takes from a pipe a piece at a time."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # where ipykernel takes nothing from the pipe
    program = "import os\n{}= os.system('seq 30000; echo end; echo and error >&2')"
    execution = executed(program.format("a "), "print('next')", program.format("b "))
    whole = "".join(f"{n}\n" for n in range(1, 30001)) + "end\n"
    texts = [
        "".join(out.text for out in cell.outputs if out.name == name)
        for cell in execution.nb.cells
        for name in ("stdout", "stderr")
    ]
    assert texts == [whole, "and error\n", "next\n", "", whole, "and error\n"]


@pytest.mark.commands
def test_a_late_reader_prints_nothing_into_the_notebook(executed, monkeypatch):
    """Where a socket waits longer than ipykernel does, which then says so on stderr."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # where ipykernel takes nothing from the pipe
    late = "import time\nfor i in 'ab': get_ipython().kernel.iopub_thread.schedule(wait)"
    wait = "def wait():\n    import time\n    time.sleep(5.5)"
    execution = executed(wait, f"{late}\nprint('here', flush=True)", "print('next')")
    assert [text_of(execution), execution.failure] == ["here\nnext\n", None]
