"""The recipes of docs/deployment.md that need tools: Jupyter and tox, with negative twins."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Callable, Dict

import pytest

from support import CHECKOUT, Environment, Sandbox, new_environment, run_here

PAGE = (CHECKOUT / "docs" / "deployment.md").read_text(encoding="utf-8")
FETCH = "import requests; print(requests.get({url!r}, timeout=30).status_code)"
CELLS = """
import sys
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel()
def run(cell):
    said = []
    def keep(message):
        content = message["content"]
        said.append(content.get("text", "") + "\\n".join(content.get("traceback", ())))
    client.execute_interactive(cell, timeout=100, output_hook=keep)
    return "".join(said)
try:
    before, recipe, after = run(sys.argv[1]), run(sys.argv[2]), run(sys.argv[1])
    assert "CERTIFICATE_VERIFY_FAILED" in before, before
    print(after, recipe)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


@pytest.fixture
def make(tmp_path: Path, interpreter: str) -> Callable[..., Sandbox]:
    """Return what makes a sandbox with pip and these tools."""

    def made(*requirements: str) -> Sandbox:
        environment: Environment = new_environment(interpreter, tmp_path / "venv")
        run_here("pip", "--python", str(environment.python), "install", "-q", *requirements)
        return Sandbox(tmp_path, environment)

    return made


@pytest.fixture
def index(wheel: str, wheelhouse: str) -> Dict[str, str]:
    """Return the variables that have pip look into the wheelhouse and beside our wheel."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"{wheelhouse} {Path(wheel).parent}"}


def block(language: str) -> str:
    """Return the one script of the page in that language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_a_cell_of_jupyter(
    make: Callable[..., Sandbox], index: Dict[str, str], url: str, ca_file: Path
) -> None:
    """requests is imported and has failed before; after the cell it trusts the CA."""
    sandbox = make("ipykernel", "requests")
    fetch = FETCH.format(url=url)
    for env, expected in (({"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}, "200"), ({}, "VERIFY")):
        done = sandbox.run("-c", CELLS, fetch, block("python"), env={**index, **env})
        assert done.returncode == 0, done
        assert expected in done.stdout, done


def test_tox(make: Callable[..., Sandbox], index: Dict[str, str], url: str, ca_file: Path) -> None:
    """With the line the variable arrives; without it the same test meets a certificate error."""
    sandbox = make("tox", "requests")
    env = {**index, "PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    fetch = textwrap.dedent(FETCH.format(url=url))
    (sandbox.work / "fetch.py").write_text(fetch)
    head = "[tox]\nskipsdist = true\n"
    tail = "  requests\ncommands = python fetch.py\nset_env = PIP_NO_INDEX = 1\n"
    tail += f"  PIP_FIND_LINKS = {index['PIP_FIND_LINKS']}\n"
    recipe = block("ini").replace("deps = ", "deps =\n  ")
    for text, passes in ((recipe, True), (recipe.replace("PYTHON_CERTIFI_*", "NOTHING"), False)):
        (sandbox.work / "tox.ini").write_text(head + text + tail)
        done = sandbox.run("-m", "tox", "-e", "py", env=env, timeout=300)
        assert (done.returncode == 0) == passes, done
        assert passes or "CERTIFICATE_VERIFY_FAILED" in done.stdout + done.stderr
