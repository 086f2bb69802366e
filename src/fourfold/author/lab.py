"""Kernels of JupyterLab that begin where those of runs do: in the project."""

from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager


class Kernels(AsyncMappingKernelManager):
    """As Jupyter's, but a notebook in ``outputs/edit/`` reads paths from the project's folder."""

    def cwd_for_path(self, path: str, **kwargs: Any) -> str:
        """Return the server's root, which `fourfold edit` sets to the project."""
        return str(self.root_dir)
