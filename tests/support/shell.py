"""Lines for a shell, run as a person would, and folders served to them over HTTPS."""

from __future__ import annotations

import os
import ssl
import subprocess
import sysconfig
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, ContextManager, Dict

from support import Sandbox, write
from support.servers import serving_https

if TYPE_CHECKING:
    from support import Done


class Files(SimpleHTTPRequestHandler):
    """The files of a folder."""

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def served(folder: Path, context: ssl.SSLContext) -> ContextManager[str]:
    """Serve a folder over HTTPS; the context gives host and port."""
    return serving_https(partial(Files, directory=str(folder)), context)


def shell(sandbox: Sandbox, command: str, **env: str) -> Done:
    """Run a line as a person would, in the environment of the sandbox."""
    programs = (sandbox.environment.python.parent, sysconfig.get_path("scripts"))
    path = os.pathsep.join([*map(str, programs), os.defpath])
    return subprocess.run(
        ["bash", "-c", command],
        cwd=sandbox.work,
        env=sandbox.variables({"PATH": path, **env}),
        input="y\n",
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def uv_asks_only(sandbox: Sandbox, links: str) -> Dict[str, str]:
    """Return the variables that make uv look for packages there, and nowhere else."""
    text = f'no-index = true\nfind-links = ["{links}"]\n'
    path = write(sandbox.home / "uv.toml", text.encode())
    return {"UV_CONFIG_FILE": str(path), "UV_NO_CACHE": "1"}
