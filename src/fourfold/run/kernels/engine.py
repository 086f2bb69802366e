"""The engine for ``papermill --engine fourfold``.

It imports papermill only when it is used: papermill itself imports this module while it is
still being imported, so anything more at the top would be a circle.
"""

from pathlib import Path
from typing import Any


class FourfoldEngine:
    """Papermill engine with atomic, throttled saves and warm kernels on private sockets."""

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: bool = True,
        start_timeout: int = 60,
        execution_timeout: float | None = None,
        **options: Any,
    ) -> Any:
        """Return the executed notebook; papermill itself raises for a failed cell.

        Parameters
        ----------
        nb, kernel_name
            What to execute, and where.
        output_path : str, optional
            Saved to by papermill's own writers, so that it means what it means to papermill.
        progress_bar : bool
        start_timeout, execution_timeout : float
            Seconds until a kernel must be ready, and that a cell may take.
        **options
            ``log_output``, ``stdout_file``, ``stderr_file``, and all of nbclient's client.

        Raises
        ------
        nbclient.exceptions.DeadKernelError, nbclient.exceptions.CellTimeoutError, OutputLost
            If the kernel dies, a cell takes too long, or messages are lost.
        """
        from papermill.iorw import write_ipynb
        from papermill.log import logger

        from fourfold.run.kernels.client import execute
        from fourfold.run.kernels.execution import Execution, Limits

        class Papermill(Execution):
            def write(self) -> None:
                if output_path:
                    write_ipynb(self.nb, output_path)

        unused = ("input_path", "autosave_cell_every", "timeout", "startup_timeout")
        given = {name: value for name, value in options.items() if name not in unused}
        execution = Papermill(nb, None, progress_bar=progress_bar)
        execute(
            execution,
            kernel_name,
            limits=Limits(cell_timeout_s=execution_timeout or options.get("timeout")),
            cwd=Path.cwd(),
            ahead=lambda: 1,
            **{"startup_timeout": start_timeout, "log": logger, **given},
        )
        if execution.error:
            raise execution.error
        return execution.nb

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return the kernel that the notebook names, or `name`."""
        from papermill.utils import nb_kernel_name

        return str(nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Return the language of the notebook, or `language`."""
        from papermill.utils import nb_language

        return str(nb_language(nb, language))
