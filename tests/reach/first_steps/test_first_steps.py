"""The first steps of docs/first-steps.md with pipx and in Jupyter.

    python -m pytest tests/reach/first_steps

It needs the package index: pipx, HTTPie, ipykernel and jupyter_client are installed from it once,
and then from a server of this machine that the private CA vouches for.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import trustme

from support import Sandbox, new_environment, write
from support.first_steps import BLOCKS, HOST, asking_only, script
from support.shell import shell

TOOLS = ("pipx", "ipykernel", "jupyter_client")
# Types the cells of a notebook, one after the other, into one kernel.
NOTEBOOK = """
import sys
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")
try:
    for cell in sys.argv[1:]:
        reply = client.execute_interactive(cell, timeout=300)
        print("cell", reply["content"]["status"], flush=True)
finally:
    manager.shutdown_kernel()
"""


@pytest.fixture(name="machine")
def _machine(tmp_path: Path, interpreter: str, private_ca: trustme.CA) -> Sandbox:
    """Return a machine with pipx, Jupyter's kernel and the file of the company's CA."""
    environment = new_environment(interpreter, tmp_path / "venv")
    environment.install(*TOOLS)
    sandbox = Sandbox(tmp_path, environment)
    write(sandbox.work / "corporate-root.pem", private_ca.cert_pem.bytes())
    return sandbox


def test_five_commands_lead_to_an_answer_with_pipx(machine: Sandbox, links: str, url: str) -> None:
    """A program with an environment of its own; without the CA it is refused for that reason."""
    variables = asking_only(machine, links)
    steps = script("With pipx", url[len("https://") :].rstrip("/"))
    assert len(BLOCKS["With pipx"]) == 5
    # Without a terminal HTTPie reads its input, and shows no head.
    steps = steps.replace("http https:", "http --ignore-stdin --print=h https:")
    done = shell(machine, steps, **variables)
    assert (done.returncode, " 200 " in done.stdout) == (0, True), done
    (removed,) = machine.drop_folder.iterdir()
    removed.unlink()
    again = shell(machine, f"http --ignore-stdin {url}", **variables)
    assert (again.returncode, "CERTIFICATE_VERIFY_FAILED" in again.stderr) == (1, True), again


def test_four_cells_lead_to_an_answer_in_jupyter(machine: Sandbox, links: str, url: str) -> None:
    """In one kernel that is not restarted; a new one without the CA is refused."""
    cells = [cell.replace(f"https://{HOST}/", url) for cell in BLOCKS["In Jupyter"]]
    assert len(cells) == 4
    code = textwrap.dedent(NOTEBOOK)
    done = machine.run("-c", code, *cells, env=asking_only(machine, links), timeout=600)
    assert "<Response [200]>" in done.stdout, done
    (removed,) = machine.drop_folder.iterdir()
    removed.unlink()
    again = machine.run("-c", code, cells[-1], env=asking_only(machine, links), timeout=600)
    assert "CERTIFICATE_VERIFY_FAILED" in again.stdout + again.stderr, again
