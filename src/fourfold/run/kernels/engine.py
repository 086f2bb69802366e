"""The engine for ``papermill --engine fourfold``.

It imports papermill only when it is used: papermill itself imports this module while it is
still being imported, so anything more at the top would be a circle.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class FourfoldEngine:
    """Papermill engine with atomic, throttled saves and warm kernels on private sockets."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Return the executed notebook; papermill itself raises for a failed cell."""
        from fourfold.run.kernels.client import execute
        from fourfold.run.kernels.execution import Execution, Limits

        path = str(options.get("output_path") or "")
        execution = Execution(nb, Path(path) if path and "://" not in path else None)
        limits = Limits(cell_timeout_s=options.get("execution_timeout"))
        return execute(execution, kernel_name, limits=limits, ahead=lambda: 1).nb

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
