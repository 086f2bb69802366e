"""The client of a kernel: executes a notebook's cells, warm or cold, and sees the kernel off."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellExecutionError, DeadKernelError
from traitlets import Type

from fourfold.run.kernels.clock import awake_s
from fourfold.run.kernels.delivery import Ledger, Unanswered, WholeOutputs
from fourfold.run.kernels.execution import Execution, Failure, Limits
from fourfold.run.kernels.machine import observed, oom_kills
from fourfold.run.kernels.notes import PYTHON, begin_notes, language, read_notes
from fourfold.run.kernels.preload import preloads
from fourfold.run.kernels.provisioner import WarmProvisioner
from fourfold.run.kernels.zygotes import fits, own_folder, remove

WARM_KERNELS = ("python3", "fourfold")
"""Kernels that a fork can serve: this Python's own."""

NOTES = "notes.jsonl"
_READY_S = 60.0
_NO_LIMIT_S = 10**6
_LOOK_S = 0.2
_CANCELLED = ("KeyboardInterrupt", "stopped before this cell")
try:
    from jupyter_client.channels import AsyncZMQSocketChannel
except ImportError:  # in Colab, which has jupyter_client 7, it is called so
    from jupyter_client.channels import ZMQSocketChannel as AsyncZMQSocketChannel  # type: ignore[assignment]

_LOG = logging.getLogger("fourfold.run.kernels.client")
# What nbclient logs of a dead or late kernel stands in the record.
_LOG.addHandler(logging.NullHandler())
_LOG.propagate = False


class OutOfMemory(DeadKernelError):
    """The system killed the kernel to free memory; its peak, in MB, may be a lower bound."""

    def __init__(self, peak_mb: float | None = None, exact: bool = True) -> None:
        about = "" if exact else "at least "
        peak = "" if peak_mb is None else f", with a peak of {about}{peak_mb:,.0f} MB"
        super().__init__(f"killed: out of memory{peak}")


class Stopped(Exception):
    """Ends an execution whose failure is noted already."""


class _Shell(AsyncZMQSocketChannel):
    """Takes replies though something is sent on the same socket meanwhile.

    Widgets make the client send while it waits, and a send may swallow the one word by which the
    system says that a reply has come: one in twenty progress bars waited for ever.
    """

    async def get_msg(self, timeout: float | None = None) -> Any:  # type: ignore[override]
        """Return the next message, and look for it again and again."""
        until = awake_s() + (_NO_LIMIT_S if timeout is None else timeout)
        while True:
            pause = max(0.0, min(_LOOK_S, until - awake_s()))
            with suppress(Empty):
                return await super().get_msg(pause)
            if awake_s() >= until:
                raise Empty


class _PromptClient(AsyncKernelClient):
    """Knows that a kernel is ready as soon as it is, not a fifth of a second later."""

    shell_channel_class = Type(_Shell)
    own = True  # a kernel that waits for its reader; of another, all that comes is taken at once

    def _create_connected_socket(self, channel: str, identity: bytes | None = None) -> Any:
        limit = 0 if channel == "iopub" and not self.own else 100
        self.context.setsockopt(zmq.RCVHWM, limit)
        return super()._create_connected_socket(channel, identity)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Ask for the kernel's info until the answer's end comes by the channel of outputs.

        That end proves that no output can be missed. The usual client cannot know it, and waits
        until nothing more comes.
        """
        until = awake_s() + (timeout or _READY_S)
        asked: set[str] = set()
        while awake_s() < until:
            asked.add(self.kernel_info())
            if ended := await self._ended(asked, pause=min(0.02 * len(asked), 0.5)):
                while (await self.get_shell_msg())["parent_header"]["msg_id"] != ended:
                    pass
                return
            if not await self._async_is_alive():
                raise DeadKernelError("the kernel died before it was ready")
        raise DeadKernelError(f"the kernel was not ready within {timeout or _READY_S:g} s")

    async def _ended(self, asked: set[str], pause: float) -> str | None:
        """Return which of the requests has ended; None if none has in time."""
        with suppress(Empty):
            while True:
                message = await self.get_iopub_msg(timeout=pause)
                number = message["parent_header"].get("msg_id")
                if message["content"].get("execution_state") == "idle" and number in asked:
                    self.session.begin(message)
                    return str(number)
        return None


class _ForeignClient(_PromptClient):
    own = False


class Client(WholeOutputs):
    """Executes the cells; a kernel that dies or overruns stops the notebook at that cell."""

    def papermill_execute_cells(self) -> None:
        """Execute each cell in turn, up to the first that fails.

        Raises
        ------
        Stopped
            If the kernel cannot be asked anything more: it is dead, or busy beyond its time.
        """
        execution: Execution = self.nb_man
        self._oom_kills = oom_kills()
        if execution.watch and language(self.km, self.nb.metadata) == PYTHON:
            file = Path(self.km.connection_file).parent / NOTES
            warm = getattr(self.km.provisioner, "start", "") == "warm"
            begun = begin_notes(self.kc, file, execution.watch, own=warm)
            execution.notes = [] if begun else [["asked", "what its kernel opens"]]
        for index, cell in enumerate(self.nb.cells):
            if execution.stopping():
                execution.fail(index, CellExecutionError("", *_CANCELLED))
                return
            try:
                execution.cell_start(cell, cell_index=index)
                self.execute_cell(cell, index)
                self.check_arrivals()
                if self.left:  # the kernel is about to end
                    self.shutdown_kernel = "immediate"
                    raise Stopped
            except Stopped:
                raise
            except CellExecutionError as error:
                # ``sys.exit()`` ends a notebook well, as papermill has it.
                if error.ename != "SystemExit" or error.evalue not in ("", "0", "None"):
                    execution.fail(index, error)
                return
            except Exception as error:
                execution.fail(index, self._cause(error))
                self.shutdown_kernel = "immediate"
                raise Stopped from error
            finally:
                self.put_together(cell)
                execution.cell_complete(cell, cell_index=index)
                execution.cost |= observed(self._process)

    @property
    def _process(self) -> Any:
        return getattr(getattr(self.km, "provisioner", None), "process", None)

    async def _async_check_alive(self) -> None:
        """Look at the kernel's memory as often as nbclient looks whether it is alive."""
        self.nb_man.cost |= observed(self._process)
        await super()._async_check_alive()

    def _cause(self, error: Exception) -> Exception:
        """Return the error; if the kernel died, with the end of its process."""
        if not isinstance(error, DeadKernelError) or isinstance(error, Unanswered):
            return error
        code = self._process.poll() if self._process else None
        if code == -signal.SIGKILL and oom_kills() > self._oom_kills:
            usage = getattr(self.km.provisioner, "usage", {})
            # Of a cold kernel, the peak was only looked at from time to time.
            return OutOfMemory({**self.nb_man.cost, **usage}.get("peak_mb"), exact=bool(usage))
        return DeadKernelError(ending(code))


def ending(code: int | None) -> str:
    """Say how a kernel ended, by the exit code of its process.

    Examples
    --------
    >>> ending(-11)
    'the kernel died: SIGSEGV'
    """
    if code is None:
        return "the kernel died"
    if code >= 0:
        return f"the kernel died: exit code {code}"
    return f"the kernel died: {signal.Signals(-code).name}"


def execute(
    execution: Execution,
    kernel_name: str,
    *,
    limits: Limits | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    on_kernel: Callable[[Any], None] = lambda manager: None,
    ahead: Callable[[], int] | None = None,
    **options: Any,
) -> Execution:
    """Execute a parameterised notebook in a kernel of its own.

    Parameters
    ----------
    execution : Execution
        Holds the notebook, which is changed in place, and afterwards the failure.
    kernel_name : str
        Kernelspec, such as ``python3``.
    limits : Limits
        Whole-run and per-cell timeouts.
    cwd : Path, optional
        Working directory of the kernel; the process itself never changes its own.
    env : mapping, optional
        Environment of the kernel.
    on_kernel : callable, optional
        Given the kernel manager once there is one, so that a stop can interrupt it.
    ahead : callable, optional
        Says how many kernels should wait for the next notebooks with the same imports; without
        it, or for a kernel that is not this Python's own, the kernel starts cold.
    **options
        Of papermill's client, and so of nbclient's, such as ``log_output``.
    """
    limits = limits or Limits()
    deadline = awake_s() + limits.timeout_s if limits.timeout_s else None

    def seconds_left(cell: Any) -> float | None:
        left = None if deadline is None else max(0.001, deadline - awake_s())
        return min((s for s in (left, limits.cell_timeout_s) if s is not None), default=None)

    folder = own_folder()
    usual = {"startup_timeout": int(_READY_S), "iopub_timeout": _NO_LIMIT_S, "log": _LOG}
    client = Client(
        execution,
        kernel_name=kernel_name,
        timeout_func=seconds_left,
        resources={"metadata": {"path": str(cwd)}} if cwd else {},
        **{**usual, **options},
    )
    client.km = manager = client.create_kernel_manager()
    own_kernel = ahead is not None and kernel_name in WARM_KERNELS
    manager.client_factory = _PromptClient if own_kernel else _ForeignClient
    manager.session = Ledger(parent=manager)
    # Sockets in a folder of the run: TCP ports clash when many kernels start at once.
    manager.connection_file = str(folder / "kernel.json")
    if os.name == "posix" and fits(folder):
        manager.transport, manager.ip = "ipc", str(folder / "k")
    if ahead and own_kernel:
        warm = WarmProvisioner(parent=manager, kernel_id="", kernel_spec=manager.kernel_spec)
        warm.preload, warm.ahead = preloads(execution.nb), ahead()
        manager.provisioner = warm
    on_kernel(manager)
    execution.notebook_start()
    try:
        # What a kernel writes outside of cells, such as a complaint at its end, is no output.
        with _own_loop(), suppress(Stopped), (folder / "kernel.log").open("wb") as log:
            own = dict(os.environ if env is None else env)
            client.execute(cleanup_kc=True, env=own, stdout=log, stderr=log)
    except DeadKernelError as error:
        # It died outside a cell: before the first, or when asked for its info after the last.
        if execution.failure is None:
            execution.failure = Failure("killed", "Setup", 0, "", "KernelDied", str(error))
            execution.error = error
    finally:
        execution.cost |= getattr(manager.provisioner, "usage", {})
        execution.start = getattr(manager.provisioner, "start", "cold")
        execution.notebook_complete()
        if execution.notes is not None and (folder / NOTES).exists():
            execution.notes = read_notes(folder / NOTES)
        remove(folder)
    execution.explain(limits)
    return execution


@contextmanager
def _own_loop() -> Iterator[None]:
    """Close the event loop of a pool's thread behind nbclient, which only opens one."""
    try:
        yield
    finally:
        if threading.current_thread() is not threading.main_thread():
            loop = ensure_event_loop()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.close()
