"""The recipes of docs/recipes.md, each with its negative twin: the same without the CA.

They need the package index: each tool is installed from it, and what a recipe installs comes from a
server of this machine that only the private CA vouches for.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Callable, Dict, Iterator, List

import pytest
import trustme
from dockerfile_parse import DockerfileParser

from support import CHECKOUT, Environment, Sandbox, new_environment, write
from support.first_steps import HOST, asking_only
from support.images import base_of, entering
from support.pages import fenced
from support.shell import shell, uv_asks_only

TYPE_CHECKING = False
if TYPE_CHECKING:
    Done = subprocess.CompletedProcess[str]

PAGE = CHECKOUT / "docs" / "recipes.md"
REFUSED = "CERTIFICATE_VERIFY_FAILED"
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
JOBS = """
import os, requests
from celery import Celery

app = Celery(broker="filesystem://")
folders = {"data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control"}
app.conf.broker_transport_options = folders

@app.task
def fetch(url):
    try:
        answer = str(requests.get(url, timeout=30).status_code)
    except requests.exceptions.SSLError as error:
        answer = str(error)
    with open("unfinished", "w") as file:
        file.write(answer)
    os.rename("unfinished", "answer")
"""


def recipe(heading: str, url: str) -> List[str]:
    """Return the blocks of a recipe, for the server of the test."""
    return [block.replace(f"https://{HOST}/", url) for block in fenced(PAGE, heading)]


@pytest.fixture
def make(tmp_path: Path, interpreter: str, private_ca: trustme.CA) -> Callable[..., Sandbox]:
    """Return what makes a machine with pip, these tools and the file of the company's CA."""

    def made(*requirements: str) -> Sandbox:
        environment: Environment = new_environment(interpreter, tmp_path / "venv")
        if requirements:
            environment.install(*requirements)
        sandbox = Sandbox(tmp_path, environment)
        write(sandbox.work / "corporate-root.pem", private_ca.cert_pem.bytes())
        return sandbox

    return made


@pytest.fixture
def found_in(wheel: str, wheelhouse: str) -> Dict[str, str]:
    """Return the variables that have pip look into the wheelhouse and beside our wheel."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"{wheelhouse} {Path(wheel).parent}"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a new folder that any user may pass through."""
    made = Path(tempfile.mkdtemp(prefix="image"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


class Image:
    """The newest stage of an image: its root folder, and what its containers start with."""

    def __init__(self, root: Path, base: str) -> None:
        """Make the root folder; the interpreter is in the folder `base` of every image."""
        self.root, self.base, self.user, self.command = root, base, 0, [""]
        self.env = {"PATH": f"{base}/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        (root / "tmp").mkdir(parents=True)

    def copy(self, source: Path, target: str) -> None:
        """Copy a file into a folder, or what is in a folder."""
        to = self.root / target.strip("/")
        to.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            shutil.copy2(source, to)
        else:
            shutil.copytree(source, to, symlinks=True, dirs_exist_ok=True)

    def run(self, *command: str, mode: str, **env: str) -> Done:
        """Run a command in it, see entering()."""
        return subprocess.run(
            [*entering(self.root, self.base, mode=mode, user=self.user), *command],
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )


def build(text: str, folder: Path, context: Path, python: str, **env: str) -> Image:
    """Do what a Dockerfile says, as far as the recipe goes; `env` is the builder's own."""
    roots: List[Path] = []
    for step in DockerfileParser(fileobj=io.BytesIO(text.encode())).structure:
        word, value = step["instruction"], step["value"]
        if word == "FROM":
            roots.append(folder / str(len(roots)))
            image = Image(roots[-1], base_of(python))
        elif word == "COPY":
            source, target = value.replace("--from=build ", f"{roots[0]}").split()
            image.copy(context / source, target)
        elif word == "ENV":
            image.env.update(each.split("=", 1) for each in value.split())
        elif word == "RUN":
            done = image.run("sh", "-c", value, mode="rw", **env)
            assert done.returncode == 0, done.stdout + done.stderr
        elif word == "USER":
            image.user = int(value.partition(":")[0])
        else:
            assert word == "CMD"
            image.command = json.loads(value)
    return image


@pytest.mark.linux("containers are Linux'")
@pytest.mark.root("it mounts")
def test_an_image(
    make: Callable[..., Sandbox],
    links: str,
    url: str,
    folder: Path,
    other_ca: trustme.CA,
    interpreter: str,
) -> None:
    """Two stages, no root, nothing that can be written to: served by the bundle that was baked."""
    (text,) = recipe("An image", url)
    context = make().work
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": links, "PIP_RETRIES": "0"}
    image = build(text, folder, context, interpreter, **index)
    assert image.user != 0 and len(list(folder.iterdir())) == 2
    done = image.run(*image.command, mode="ro")
    assert (done.stdout, done.stderr) == ("<Response [200]>\n", "")
    where = [image.command[0], "-c", "import certifi; print(certifi.where())"]
    assert image.run(*where, mode="ro").stdout == "/app/ca/cacert.pem\n"
    none = dict.fromkeys(("PYTHON_CERTIFI_CERT_FILES", "PYTHON_CERTIFI_BUNDLE_DIR"), "")
    assert REFUSED in image.run(*image.command, mode="ro", **none).stderr
    write(context / "corporate-root.pem", other_ca.cert_pem.bytes())
    with pytest.raises(AssertionError, match=REFUSED):
        build(text, folder / "other", context, interpreter, **index)


def test_a_ci_job(make: Callable[..., Sandbox], links: str, url: str) -> None:
    """Each line of `run` as the runner runs it; without the CA pip and requests are refused."""
    machine = make()
    (job,) = recipe("A CI job", url)
    job = job.replace("${{ github.workspace }}", str(machine.work))
    env = dict(re.findall(r"(?m)^ +([A-Z_]+): (.*)$", job))
    steps = re.findall(r"- run: (.*)", job)
    assert (len(env), len(steps)) == (2, 2)
    index = {**asking_only(machine, links), "PIP_CERT": "", "PYTHON_CERTIFI_CERT_FILES": ""}
    assert REFUSED in shell(machine, f"set -e\n{steps[0]}", **index).stdout
    for step in steps:
        done = shell(machine, f"set -e\n{step}", **{**index, **env})
        assert done.returncode == 0, done
    assert done.stdout == "<Response [200]>\n"
    assert REFUSED in shell(machine, steps[1], **index).stderr


def test_an_agents_sandbox(
    make: Callable[..., Sandbox], links: str, url: str, other_ca: trustme.CA
) -> None:
    """The mounted file is all that it is told; with that of another CA all three are refused."""
    machine = make()
    (lines,) = recipe("An agent's sandbox", url)
    lines = lines.replace("/mnt/", f"{machine.work}/")
    env, mounted = asking_only(machine, links), machine.work / "corporate-root.pem"
    right, wrong = mounted.read_bytes(), other_ca.cert_pem.bytes()
    mounted.write_bytes(wrong)
    assert REFUSED in shell(machine, lines, **env).stdout
    mounted.write_bytes(right)
    done = shell(machine, f"set -e\n{lines}", **env)
    assert (done.returncode, done.stdout.count("<Response [200]>")) == (0, 1), done
    assert done.stdout.splitlines()[-1] != "<Response [200]>"  # curl has shown the page
    mounted.write_bytes(wrong)
    done = shell(machine, lines, **env)
    assert REFUSED in done.stderr and "curl: (60)" in done.stderr, done


def test_workers_of_celery(
    make: Callable[..., Sandbox], wheel: str, url: str, ca_file: Path
) -> None:
    """A task is served where the worker was started with the variable, and refused without."""
    machine = make("celery", "requests", wheel)
    (lines,) = recipe("Workers of Celery", url)
    (machine.work / "jobs.py").write_text(JOBS)
    for name in ("queue", "control"):
        (machine.work / name).mkdir()
    with_ca = lines.replace("/mnt/corporate-root.pem", str(ca_file))
    assert answer_of_a_worker(machine, with_ca, url) == "200"
    without = "\n".join(lines.splitlines()[1:])
    assert REFUSED in answer_of_a_worker(machine, without, url)


def answer_of_a_worker(machine: Sandbox, lines: str, url: str) -> str:
    """Start workers by these lines, give them one task, and return what it found."""
    answer, log = machine.work / "answer", machine.work / "log"
    answer.unlink(missing_ok=True)
    env = machine.variables({"PATH": f"{machine.environment.python.parent}:{os.defpath}"})
    with log.open("w") as to:
        worker = subprocess.Popen(
            ["bash", "-c", lines],
            cwd=machine.work,
            env=env,
            stdout=to,
            stderr=to,
            start_new_session=True,
        )
    try:
        call = ["celery", "-A", "jobs", "call", "jobs.fetch", "--args", json.dumps([url])]
        done = machine.run("-m", *call)
        assert done.returncode == 0, done
        end = time.monotonic() + 120
        while not answer.exists():
            assert time.monotonic() < end and worker.poll() is None, log.read_text()
            time.sleep(0.1)
        return answer.read_text()
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def test_a_cell_of_jupyter(
    make: Callable[..., Sandbox], found_in: Dict[str, str], url: str, ca_file: Path
) -> None:
    """requests is imported and has failed before; after the cell it trusts the CA."""
    machine = make("ipykernel", "requests")
    fetch = FETCH.format(url=url)
    (cell,) = recipe("A Jupyter kernel", url)
    for env, expected in (({"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}, "200"), ({}, "VERIFY")):
        done = machine.run("-c", CELLS, fetch, cell, env={**found_in, **env})
        assert done.returncode == 0, done
        assert expected in done.stdout, done


def test_tox(
    make: Callable[..., Sandbox], found_in: Dict[str, str], url: str, ca_file: Path
) -> None:
    """With the line the variable arrives; without it the same test meets a certificate error."""
    machine = make("tox", "requests")
    env = {**found_in, "PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
    (machine.work / "fetch.py").write_text(FETCH.format(url=url))
    head = "[tox]\nskipsdist = true\n"
    tail = "  requests\ncommands = python fetch.py\nset_env = PIP_NO_INDEX = 1\n"
    tail += f"  PIP_FIND_LINKS = {found_in['PIP_FIND_LINKS']}\n"
    (text,) = recipe("tox", url)
    text = text.replace("deps = ", "deps =\n  ")
    for settings, passes in ((text, True), (text.replace("PYTHON_CERTIFI_*", "NOTHING"), False)):
        (machine.work / "tox.ini").write_text(head + settings + tail)
        done = machine.run("-m", "tox", "-e", "py", env=env, timeout=300)
        assert (done.returncode == 0) == passes, done
        assert passes or REFUSED in done.stdout + done.stderr


def test_a_tool_of_uv(make: Callable[..., Sandbox], links: str, url: str, interpreter: str) -> None:
    """The tool has us beside it; when the CA is removed again it is refused."""
    machine = make("uv")
    (lines,) = recipe("uv tool", url)
    # Without a terminal HTTPie reads its input, and shows no head.
    lines = lines.replace("http https:", "http --ignore-stdin --print=h https:")
    env = asking_only(machine, links)
    env.update(uv_asks_only(machine, links), UV_PYTHON=interpreter)
    done = shell(machine, f"set -e\n{lines}", **env)
    assert (done.returncode, " 200 " in done.stdout) == (0, True), done
    shutil.rmtree(machine.drop_folder)
    done = shell(machine, lines.splitlines()[-1], **env)
    assert (done.returncode, REFUSED in done.stderr) == (1, True), done


def test_a_hook_of_pre_commit(make: Callable[..., Sandbox], links: str, url: str) -> None:
    """The hook passes with the CA that was added, and fails when it is removed again."""
    machine = make("pre-commit")
    hooks, lines = recipe("pre-commit", url)
    (machine.work / ".pre-commit-config.yaml").write_text(hooks)
    (machine.work / "links.py").write_text(FETCH.format(url=url))
    env = asking_only(machine, links)
    done = shell(machine, f"set -e\ngit init --quiet\ngit add --all\n{lines}", **env)
    assert (done.returncode, "Passed" in done.stdout) == (0, True), done
    shutil.rmtree(machine.drop_folder)
    done = shell(machine, lines.splitlines()[-1], **env)
    assert (done.returncode, REFUSED in done.stdout) == (1, True), done


def test_each_recipe_has_a_test() -> None:
    """Or it says on the page that it was not run, or where it is."""
    text = PAGE.read_text("utf-8")
    source = Path(__file__).read_text("utf-8")
    for part in text.split("\n## ")[1:]:
        heading = part.partition("\n")[0]
        run = f'recipe("{heading}", url)' in source
        assert run or "was not run" in part or "first-steps.md#" in part, heading
