"""What a new user types first, as docs/first-steps.md and the README show it: it works."""

from __future__ import annotations

import os
import re
import shutil
import ssl
from pathlib import Path

import pytest
import trustme

from support import Environment, Sandbox, write
from support.first_steps import BLOCKS, script
from support.pages import README, blocks, told
from support.shell import served, shell, uv_asks_only

pytestmark = pytest.mark.posix("the commands are lines for Unix")


@pytest.fixture(name="machine")
def _machine(tmp_path: Path, plain: Environment, private_ca: trustme.CA) -> Sandbox:
    """Return a machine with a Python and the file of the company's CA."""
    sandbox = Sandbox(tmp_path, plain)
    write(sandbox.work / "corporate-root.pem", private_ca.cert_pem.bytes())
    return sandbox


@pytest.mark.parametrize("heading", ["With pip", "With uv"])
def test_five_commands_lead_to_an_answer(
    heading: str,
    machine: Sandbox,
    index: Path,
    url: str,
    private_ca: trustme.CA,
    other_ca: trustme.CA,
    interpreter: str,
) -> None:
    """The index and the server are vouched for by the private CA; without it both are refused."""
    assert len(BLOCKS[heading]) == 5
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private_ca.issue_cert("localhost").configure_cert(context)
    with served(index, context) as host:
        links = f"https://{host}/"
        settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": links, "PIP_RETRIES": "0"}
        settings.update(uv_asks_only(machine, links))
        steps = script(heading, url[len("https://") :].rstrip("/"))
        # For the others it would mean that interpreter, and not its new environment.
        steps = steps.replace("uv venv", f"UV_PYTHON={interpreter} uv venv")
        done = shell(machine, steps, **settings)
        assert (done.returncode, "<Response [200]>" in done.stdout) == (0, True), done
        shutil.rmtree(machine.drop_folder)
        again = shell(machine, f". .venv/bin/activate\n{steps.splitlines()[-1]}", **settings)
        assert (again.returncode, "CERTIFICATE_VERIFY_FAILED" in again.stderr) == (1, True), again
        shutil.rmtree(machine.work / ".venv")
        write(machine.work / "corporate-root.pem", other_ca.cert_pem.bytes())
        refused = shell(machine, steps, **settings)
        assert refused.returncode != 0
        assert re.search("CERTIFICATE_VERIFY_FAILED|UnknownIssuer", refused.stdout + refused.stderr)


def test_an_image_in_six_lines(
    machine: Sandbox, index: Path, url: str, private_ca: trustme.CA, interpreter: str
) -> None:
    """Each instruction, run as Docker runs it, but in folders of this test."""
    lines = next(block for block in blocks(told(README)) if block[0].startswith("FROM "))
    assert len(lines) == 6
    folder = machine.work / "image"
    text = re.sub(r"(?<=[ =])/(etc|app)/", rf"{folder}/\1/", "\n".join(lines))
    done = shell(machine, f"{interpreter} -m venv image && mkdir -p image/etc image/app/ca")
    assert done.returncode == 0, done
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private_ca.issue_cert("localhost").configure_cert(context)
    variables = {"PIP_NO_INDEX": "1", "PATH": f"{folder}/bin{os.pathsep}{os.defpath}"}
    with served(index, context) as host:
        for line in text.splitlines():
            word, _, rest = line.partition(" ")
            if word == "ENV":
                variables.update(each.split("=", 1) for each in rest.split())
            elif word in ("COPY", "RUN"):
                command = f"cp {rest}" if word == "COPY" else rest
                links = f"https://{host}/"
                done = shell(machine, command, PIP_FIND_LINKS=links, **variables)
                assert done.returncode == 0, done
    assert (folder / "app" / "ca" / "cacert.pem").exists()
    fetch = f"python -c \"import requests; print(requests.get('{url}'))\""
    served_page = shell(machine, fetch, **variables)
    assert "<Response [200]>" in served_page.stdout, served_page
    bare = {**variables, "PYTHON_CERTIFI_CERT_FILES": "", "PYTHON_CERTIFI_BUNDLE_DIR": ""}
    assert "CERTIFICATE_VERIFY_FAILED" in shell(machine, fetch, **bare).stderr
