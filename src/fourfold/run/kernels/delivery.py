"""Outputs come whole: messages that are lost are noticed, texts put together, floods cut."""

import asyncio
from contextlib import suppress
from itertools import groupby
from queue import Empty
from typing import Any

from jupyter_client.session import Session
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient

from fourfold.run.kernels.clock import awake_s

QUIET_S = 20.0  # without a message after a cell's reply, though its end has not come
ASK_S = 1.0  # without a message, after which a kernel that may be idle is asked whether it is
LATE_S = 2.0  # for messages that threads of a notebook send after the end of a cell
LONGEST = 20_000_000  # characters that a cell may print
_CHUNK = 65_536


class OutputLost(Exception):
    """Messages of the kernel are missing, so the outputs of a cell are not whole."""


class Unanswered(DeadKernelError):
    """The kernel waits for code, though it has not answered what it was given."""


class Ledger(Session):
    """The session of a client, which counts what the kernel sent and what has come.

    Every message of a Python kernel, on whatever channel, has the next number of its process in
    its id. Kernels of other languages may not number theirs; nothing is counted of those.
    """

    _process = ""
    _base = _last = _count = 0
    _early: list[tuple[str, int]] | None = None
    heard = 0.0
    begun = replied = answered = ended = ""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._early = []

    def deserialize(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return a message that has come, and count it."""
        message: dict[str, Any] = super().deserialize(*args, **kwargs)
        process, number = _numbered(message)
        self.heard = awake_s()
        kind, request = message["header"]["msg_type"], message["parent_header"].get("msg_id", "")
        if kind == "execute_reply":
            self.replied = request
        elif message["parent_header"].get("msg_type") == "execute_request":
            self.begun = request
        elif kind == "kernel_info_reply":
            self.answered = request
        elif kind == "status" and message["content"].get("execution_state") == "idle":
            self.ended = request
        if self._early is not None:
            self._early.append((process, number))
        # Two threads may take the same number and then skip the next, so numbers are not enough.
        elif process and process == self._process and number >= self._base:
            self._count += 1
            self._last = max(self._last, number)
        return message

    def begin(self, message: dict[str, Any]) -> None:
        """Count from this message on, the answer that shows that the kernel is ready.

        Later numbers may have come before it: what a kernel's thread of outputs sends by itself,
        such as its welcome, overtakes what waits there.
        """
        self._process, self._base = _numbered(message)
        early = [number for process, number in self._early or () if process == self._process]
        self._last = max(early, default=self._base)
        self._count = sum(number >= self._base for number in early) - 1 if self._process else 0
        self._early = None

    def go_without(self) -> None:
        """Do not miss one message that is known to have held no output."""
        self._count += 1

    @property
    def missing(self) -> int:
        """Return how many messages before the last have not come."""
        return self._last - self._base - self._count


class WholeOutputs(PapermillNotebookClient):  # type: ignore[misc]
    """A client that takes outputs whole, however fast a kernel sends them."""

    _printed = _cut = 0
    left = False  # whether the last cell has called a Jupyter kernel's own ``exit()``

    def put_together(self, cell: Any) -> None:
        """Make one output of the texts that follow each other, and say how much was cut."""
        outputs = []
        # Streams have a name; any other output stands alone.
        numbered = enumerate(cell.get("outputs", ()))
        for _, group in groupby(numbered, key=lambda item: item[1].get("name", item[0])):
            first, *others = (output for _, output in group)
            if others:
                first.text = "".join(part.text for part in (first, *others))
            outputs.append(first)
        if outputs:
            cell.outputs = outputs
        if self._cut:
            text = f"\n[cut: this cell printed {self._cut:,} more characters]\n"
            note: Any = new_output("stream", name="stderr", text=text)  # type: ignore[no-untyped-call]
            cell.outputs.append(note)
        self._printed = self._cut = 0

    def check_arrivals(self) -> None:
        """See that nothing the kernel has sent is missing.

        Raises
        ------
        OutputLost
            If messages have not come.
        """
        if self.kc.session.missing and (lost := run_sync(self._missing)()):
            raise OutputLost(
                f"{lost:,} of the kernel's messages did not come; run it again, or print less"
            )

    async def _missing(self) -> int:
        until = awake_s() + LATE_S
        while self.kc.session.missing and awake_s() < until:
            with suppress(Empty):
                await self.kc.iopub_channel.get_msg(timeout=0.1)
            with suppress(Empty):
                await self.kc.shell_channel.get_msg(timeout=0)
        return int(self.kc.session.missing)

    def output(self, outs: Any, msg: Any, display_id: str, cell_index: int) -> Any:
        """Take an output; texts are put together, and cut where a cell prints without end.

        Parameters
        ----------
        outs, msg
            The outputs of the cell so far, and the message with the next one.
        display_id : str
            Of an output that a later message may change.
        cell_index : int
            From 0.
        """
        content = msg["content"]
        if msg["msg_type"] != "stream" or self.clear_before_next_output:
            self._printed = 0 if self.clear_before_next_output else self._printed
            return super().output(outs, msg, display_id, cell_index)
        room = LONGEST - self._printed
        self._cut += max(0, len(content["text"]) - room)
        content["text"] = content["text"][: max(0, room)]
        self._printed += len(content["text"])
        if not content["text"] and self._cut:
            return None
        if outs and _continues(outs[-1], content) and len(outs[-1].text) < _CHUNK:
            outs[-1].text += content["text"]
            # As `new_output` makes it, without its check of each text against a schema.
            return NotebookNode(output_type="stream", **content)  # type: ignore[no-untyped-call]
        return super().output(outs, msg, display_id, cell_index)

    async def _async_poll_for_reply(
        self, msg_id: str, cell: Any, timeout: Any, outputs: Any, alive: Any
    ) -> Any:
        """Wait for outputs as long as they come, not for four seconds after the reply."""
        watched = asyncio.ensure_future(self._until_quiet(msg_id, outputs))
        reply = asyncio.ensure_future(
            super()._async_poll_for_reply(msg_id, cell, timeout, watched, alive)
        )
        asking = asyncio.ensure_future(self._ask_on(msg_id, outputs))
        try:
            await asyncio.wait({reply, asking}, return_when=asyncio.FIRST_COMPLETED)
            if not reply.done():
                asking.result()
            answer = await reply
            payload = answer["content"].get("payload", ())
            self.left = any(part.get("source") == "ask_exit" for part in payload)
            return answer
        finally:
            for task in (watched, reply, asking):
                task.cancel()

    async def _ask_on(self, msg_id: str, outputs: Any) -> None:
        """Ask a kernel that may be idle for its info, which may wake it, and shows that it is.

        Some kernels sleep over a request that comes while another thread of theirs replies.

        Raises
        ------
        Unanswered
            If the kernel answers that, and so is idle, but not what it was asked before.
        """
        ledger, pause, asked = self.kc.session, ASK_S, list[str]()
        while True:
            await asyncio.sleep(pause)
            idle = outputs.done() or ledger.begun != msg_id
            if ledger.replied == msg_id or not idle or awake_s() - ledger.heard < ASK_S:
                continue
            if ledger.answered in asked:
                raise Unanswered("expected an answer of the kernel, which is idle")
            asked.append(self.kc.kernel_info())
            pause = min(2 * pause, 60)

    async def async_wait_for_reply(self, msg_id: str, cell: Any = None) -> Any:
        """Wait for the answer to a request, or to a later one of its kind."""
        while True:
            with suppress(Empty):
                message = await self.kc.shell_channel.get_msg(timeout=ASK_S)
                if message["msg_type"] == "kernel_info_reply":
                    return message
                continue
            await self._async_check_alive()
            self.kc.kernel_info()

    wait_for_reply = run_sync(async_wait_for_reply)

    async def _until_quiet(self, msg_id: str, outputs: Any) -> None:
        ledger, asked = self.kc.session, list[str]()
        while not (await asyncio.wait([outputs], timeout=ASK_S))[0]:
            quiet = awake_s() - ledger.heard
            if ledger.replied != msg_id or quiet < ASK_S:
                continue
            # Outputs come in order, so after the end of a later request none of this cell's comes.
            over = ledger.ended in asked
            if over or quiet > QUIET_S:
                outputs.cancel()
                while over and ledger.missing > 1:
                    try:  # what was asked here is answered on the other channel
                        await self.kc.shell_channel.get_msg(timeout=ASK_S)
                    except Empty:
                        break
                if over and ledger.missing == 1:  # the word of the end itself
                    ledger.go_without()
                    return
                raise OutputLost("the kernel has answered, but the end of the cell did not come")
            asked.append(self.kc.kernel_info())
        outputs.result()


def _numbered(message: dict[str, Any]) -> tuple[str, int]:
    process, _, number = message["header"]["msg_id"].rpartition("_")
    return (process, int(number)) if number.isdecimal() else ("", 0)


def _continues(output: Any, text: Any) -> bool:
    return bool(output.output_type == "stream" and output.name == text["name"])
