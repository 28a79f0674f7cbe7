"""Build programs, and run them as on a machine that knows nothing of where they were built."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path
from typing import List, Mapping, Optional, Sequence, Set

from support import FETCH, MODULE, Environment, Sandbox, run_here

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
CLIENTS = ("requests", "urllib3", "urllib")
# The one line that a packed program needs where nothing else activates us.
ACTIVATION = f"import {MODULE}\n{MODULE}.activate()\n"
_ANCHOR = re.compile("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)

TYPE_CHECKING = False
if TYPE_CHECKING:
    Done = subprocess.CompletedProcess[str]


class Program:
    """A program that was built, and the sandbox that it runs in."""

    def __init__(self, sandbox: Sandbox, *command: str) -> None:
        """Run that command; building left nothing behind."""
        self.sandbox, self.command = sandbox, command

    def run(
        self,
        *arguments: str,
        env: Optional[Mapping[str, str]] = None,
        prefix: Sequence[str] = (),
    ) -> Done:
        """Run it in an empty environment and wait for its end."""
        return start([*prefix, *self.command, *arguments], self.sandbox, env or {})

    def anchors(self, env: Optional[Mapping[str, str]] = None) -> Set[str]:
        """Return the certificates that certifi answers with in the program."""
        return anchors(done_well(self.run("contents", env=env)).stdout)


def start(command: Sequence[str], sandbox: Sandbox, env: Mapping[str, str]) -> Done:
    """Run a command in the sandbox and wait for its end."""
    return subprocess.run(
        command,
        env=sandbox.variables(env),
        cwd=sandbox.work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def done_well(done: Done) -> Done:
    """Return what succeeded without a word on stderr."""
    assert (done.returncode, done.stderr) == (0, ""), done
    return done


def anchors(text: str) -> Set[str]:
    """Return the certificates of a bundle, each as its base64 without line ends."""
    return {"".join(body.split()) for body in _ANCHOR.findall(text)}


def freeze(
    sandbox: Sandbox,
    options: Sequence[str],
    script: Path = HERE / "program.py",
    env: Optional[Mapping[str, str]] = None,
) -> Program:
    """Build a program with PyInstaller; with a spec, `options` are the spec's business."""
    folder = sandbox.work / script.stem
    command = [str(sandbox.environment.python), "-m", "PyInstaller", "--log-level", "WARN"]
    if script.suffix == ".py":
        command += ["--specpath", str(folder), "--paths", str(FETCH.parent)]
    command += ["--distpath", str(folder / "dist"), "--workpath", str(folder / "work"), *options]
    path = {"PATH": os.environ.get("PATH", os.defpath)}  # ldd, objcopy, codesign
    variables = {**sandbox.variables(env or {}), **path}
    done = subprocess.run(
        [*command, str(script)],
        env=variables,
        cwd=sandbox.work,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Program(sandbox, str(executable(folder / "dist", script.stem)))


def executable(folder: Path, name: str) -> Path:
    """Return the program that PyInstaller left in a folder, whichever its shape and system."""
    name += ".exe" if os.name == "nt" else ""
    one_file = folder / name
    return one_file if one_file.is_file() else folder / Path(name).stem / name


def fill(folder: Path, *requirements: str) -> Path:
    """Install into a plain folder, as AWS Lambda layers and zip applications are made."""
    run_here("pip", "install", "--quiet", "--target", str(folder), *requirements)
    shutil.rmtree(folder / "bin", ignore_errors=True)
    return folder


def add_program(folder: Path, name: str, *, active: bool) -> Path:
    """Put the program into a folder of packages; with `active`, behind the line it needs."""
    text = (HERE / "program.py").read_text("utf-8")
    shutil.copy(FETCH, folder)
    path = folder / name
    path.write_text((ACTIVATION if active else "") + text, "utf-8")
    return path


def zip_program(folder: Path, to: Path, *, active: bool) -> Path:
    """Make a zip application of a folder of packages and the program."""
    main = add_program(folder, "__main__.py", active=active)
    zipapp.create_archive(folder, to)
    main.unlink()
    return to


def left_over(sandbox: Sandbox) -> List[Path]:
    """Return the bundles and unpacked programs that lie around in a sandbox."""
    found = [*sandbox.place.rglob("cacert.pem"), *sandbox.tmp.glob("_MEI*")]
    return sorted(found)


def builder(folder: Path, interpreter: str, wheel: str) -> Sandbox:
    """Return a sandbox with an environment of its own that has us and PyInstaller."""
    subprocess.run([interpreter, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    environment = Environment(folder / "venv")
    environment.install("-r", str(REQUIREMENTS), wheel)
    return Sandbox(folder, environment)


def is_linux() -> bool:
    """Whether /proc and namespaces are there."""
    return sys.platform.startswith("linux")
