"""The zygote: a process that has imported libraries once, and forks a kernel for each run.

``python -m fourfold.run.kernels.zygote FD FOLDER`` speaks over the socket FD with `zygotes`, which
starts it. A message has a socket beside it where the answer is to go:

- ``{"do": "branch", "modules": […], "env": {…}}`` forks a zygote that imports more, with these
  variables set, and serves that socket;
- ``{"do": "stock", "ahead": n}`` forks kernels ahead of need;
- ``{"do": "kernel", "env": {…}, "cwd": …, "ahead": n}`` hands a kernel out: the kernel answers
  ``{"pid": …, "connection": {…}}``, and the zygote adds ``{"code": …, "cpu_s": …, "peak_mb": …}``
  when it has ended. Where a kernel would not be as if it had started cold, the answer is
  ``{"cold": "why"}``.

Nothing here outlives its parent: the end of the socket ends a zygote and all that it forked, and
the system kills what a killed zygote leaves.
"""

import contextlib
import ctypes
import gc
import os
import selectors
import signal
import socket
import sys
from shutil import rmtree
from typing import Any, NoReturn

from fourfold.run.kernels.forked import launched, run_kernel
from fourfold.run.kernels.process import receive, send
from fourfold.run.kernels.rehearsal import KERNEL, Rehearsal, import_all

_PR_SET_PDEATHSIG = 1


class Zygote:
    """Serves one socket until it ends."""

    def __init__(
        self,
        control: socket.socket,
        folder: str,
        ahead: Rehearsal | None = None,
        owns: bool = False,
    ) -> None:
        self.control, self.folder, self.owns = control, folder, owns
        self.ahead = ahead or Rehearsal()
        self.children: dict[int, socket.socket | None] = {}
        self.stock: list[tuple[int, socket.socket]] = []
        self.wakeup, end = socket.socketpair()
        for each in (self.wakeup, end):
            each.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(end.fileno(), warn_on_full_buffer=False)
        self._end = end

    def serve(self) -> NoReturn:
        """Answer until the other end is closed."""
        # Frozen objects are never looked at by the collector, so their pages stay shared.
        gc.collect()
        gc.freeze()
        with selectors.DefaultSelector() as selector:
            selector.register(self.control, selectors.EVENT_READ)
            selector.register(self.wakeup, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self.wakeup in ready:
                    with contextlib.suppress(BlockingIOError):
                        self.wakeup.recv(4096)
                    self.reap()
                if self.control in ready:
                    self.answer()

    def answer(self) -> None:
        """Act on one message; at the end of them, take everything down."""
        message = receive(self.control)
        if message is None:
            self.end()
        request, beside = message
        if request["do"] == "branch" and beside:
            self.branch(request["modules"], request["env"], beside)
        elif request["do"] == "kernel" and beside:
            self.hand_out(request, beside)
        self.fill(request.get("ahead", 0))

    def branch(self, modules: list[str], env: dict[str, str], control: socket.socket) -> None:
        """Fork a zygote that imports more.

        Parameters
        ----------
        modules : list of str
        env : dict of str to str
            Variables that are read by these imports.
        control : socket
            Which it serves.
        """
        pid = self.fork()
        if pid == 0:
            os.environ.update(env)
            self.ahead.add(modules)
            Zygote(control, self.folder, self.ahead).serve()
        self.children[pid] = None
        control.close()

    def hand_out(self, request: dict[str, Any], beside: socket.socket) -> None:
        """Give a kernel its environment and the socket to answer on."""
        if self.ahead.doubts:
            send(beside, {"cold": ", ".join(self.ahead.doubts)})
        self.fill(1)
        while self.stock:
            pid, channel = self.stock.pop(0)
            with contextlib.suppress(OSError):
                send(channel, request, beside)
                channel.close()
                self.children[pid] = beside
                return
        beside.close()

    def fill(self, ahead: int) -> None:
        """Fork kernels until `ahead` wait."""
        while len(self.stock) < ahead and not self.ahead.doubts:
            ours, theirs = socket.socketpair()
            pid = self.fork()
            if pid == 0:
                ours.close()
                run_kernel(theirs, self.folder, self.ahead)
            theirs.close()
            self.children[pid] = None
            self.stock.append((pid, ours))

    def fork(self) -> int:
        """Fork; the child dies with this process and lets go of its sockets."""
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            held = [self.control, self.wakeup, self._end, *(s for _, s in self.stock)]
            for each in (*held, *filter(None, self.children.values())):
                each.close()
        return pid

    def reap(self) -> None:
        """Send of each child that has ended its exit code, and what it used."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            # What it has started ends with it; as long as it is not waited for, its number is its.
            with contextlib.suppress(OSError):
                os.killpg(ended.si_pid, signal.SIGKILL)
            pid, status, usage = os.wait4(ended.si_pid, 0)
            asker = self.children.pop(pid, None)
            self.stock = [(number, channel) for number, channel in self.stock if number != pid]
            if asker is None:
                continue
            ending = {
                "code": os.waitstatus_to_exitcode(status),
                "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
                "peak_mb": round(usage.ru_maxrss / 1024, 1),  # Linux counts in kB
            }
            with contextlib.suppress(OSError):
                send(asker, ending)
            asker.close()

    def end(self) -> NoReturn:
        """Kill what was forked, and leave."""
        for pid in self.children:
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(OSError):
                    kill(pid, signal.SIGKILL)
        if self.owns:
            rmtree(self.folder, ignore_errors=True)
        os._exit(0)


def main() -> NoReturn:
    """Serve the socket named on the command line."""
    control, folder = int(sys.argv[1]), sys.argv[2]
    # Imports make no garbage worth a search, which takes a sixth of their time; kernels collect.
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import_all(KERNEL)
    sys.argv = launched(f"{folder}/kernel.json")
    Zygote(socket.socket(fileno=control), folder, owns=True).serve()
