"""The kernel provisioner: plugs forked kernels into everything that starts kernels by Jupyter."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from fourfold.run.kernels.process import Process, WarmError
from fourfold.run.kernels.zygotes import ZYGOTES, available

_COLD = (
    "import sys; '' in sys.path and sys.path.remove('');"
    "from fourfold.run.kernels.kernel import main; main()"
)
"""As ipykernel does, look for nothing in the notebook's folder while it starts."""
_PLAIN = ("--HistoryManager.hist_file=:memory:",)


class WarmProvisioner(LocalProvisioner):
    """Starts kernels by a fork from a zygote, and as usual where that cannot be.

    The zygote has imported the modules `preload`, and keeps `ahead` kernels for the next starts.
    Where the notebook is not known, nothing is imported ahead of what it may set first.
    """

    preload: Sequence[str] = ()
    ahead = 1
    process: Any = None
    _forked: Process | None = None

    @property
    def start(self) -> str:
        """Say how the kernel was started: ``warm`` or ``cold``."""
        return "warm" if self._forked else "cold"

    @property
    def usage(self) -> dict[str, float]:
        """What a forked kernel used, known once it has ended: ``cpu_s`` and ``peak_mb``."""
        return self._forked.usage if self._forked else {}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a kernel; start one cold where there is no zygote or an option it does not know."""
        extra = [part for part in cmd[cmd.index("-f") + 2 :] if "-f" in cmd]
        # A restarted kernel must be found where its clients know it, which only a cold start does.
        again, self._forked = self._forked is not None, None
        if not again and available() and set(extra) <= set(_PLAIN):
            try:
                self.process = self._forked = await asyncio.to_thread(
                    ZYGOTES.kernel,
                    tuple(self.preload),
                    kwargs.get("env") or dict(os.environ),
                    kwargs.get("cwd") or os.getcwd(),
                    self.ahead,
                )
            except WarmError:
                self.process = self._forked = None
        if self.process is None:
            return await super().launch_kernel(_ours(cmd), **kwargs)
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd") or os.getcwd()
        connection = self.process.connection
        self.connection_info = {**connection, "key": connection["key"].encode()}  # type: ignore[typeddict-item]
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel, and see it end."""
        await super().kill(restart)
        await self._ended(5.0)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """End the kernel, and give it the time that its exit handlers need."""
        if isinstance(self.process, Process):
            self.process.leave()
        await self._ended(1.0)

    async def _ended(self, seconds: float) -> None:
        if isinstance(self.process, Process):
            with suppress(TimeoutExpired):
                await asyncio.to_thread(self.process.wait, seconds)

    async def wait(self) -> int | None:
        """Wait for the end of the kernel, without asking again and again."""
        if not isinstance(self.process, Process):
            return await super().wait()
        code = await asyncio.to_thread(self.process.wait)
        self.process = None
        return code


def _ours(command: list[str]) -> list[str]:
    """Return the command with our application of the kernel in place of ipykernel's own."""
    match command:
        case [program, "-m", "ipykernel_launcher", *rest] if Path(program) == Path(sys.executable):
            return [program, "-c", _COLD, *rest]
    return command
