"""What the tests of the installed package share: environments, scrubbed processes, snapshots."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence

import pytest

SUPPORT = Path(__file__).parent
CHECKOUT = SUPPORT.parents[1]
FETCH = SUPPORT / "fetch.py"
FETCH_BY_URLLIB = """
import certifi, ssl, sys, urllib.request
context = ssl.create_default_context(cafile=certifi.where())
try:
    print(urllib.request.urlopen({url!r}, context=context).status)
except urllib.error.URLError as error:
    print("verify code", error.reason.verify_code)
    sys.exit(1)
"""
CLIENTS = ("requests", "httpx", "botocore", "urllib3", "aiohttp")
# What we depend on here.
BUILT_ON = ("certifi", "wrapt", *(["wincertstore"] if os.name == "nt" else []))
NAME = "certifi-system-store-wrapper"
MODULE = "certifi_system_store_wrapper"
# For sitecustomize.py, as docs/audit.md has it where start-up files are forbidden.
BY_A_CALL = f"import {MODULE}; {MODULE}.activate()\n".encode()
# Verify codes of OpenSSL that say "nobody whom I trust vouches for this server", and nothing else.
UNTRUSTED = ["verify code 18", "verify code 19", "verify code 20", "verify code 21"]

Snapshot = Dict[str, str]  # of a path to mode and content
# A prefix that takes from root the right to read everything. (Another user is no way out: many
# an interpreter lies where only its owner may go.)
POWERLESS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    Done = subprocess.CompletedProcess[str]


class Environment(NamedTuple):
    """A virtual environment."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def site_packages(self) -> Path:
        """Where its packages lie."""
        pattern = "Lib/site-packages" if os.name == "nt" else "lib/*/site-packages"
        return next(self.folder.glob(pattern))

    @property
    def own_list(self) -> Path:
        """The file of roots that certifi itself names, which is not always one of its own."""
        command = [self.python, "-c", "import certifi; print(certifi.where())"]
        env = {**os.environ, "PYTHON_CERTIFI_DISABLE": "1"}
        return Path(subprocess.check_output(command, env=env, encoding="utf-8").strip())

    def install(self, *arguments: str) -> None:
        """Install with the pip of the running interpreter, which need not be in here."""
        run_here("pip", "--python", str(self.python), "install", "--quiet", *arguments)

    def install_wheels(self, *names: str) -> None:
        """Install what is not built here; skip the test where this Python has no wheels of it."""
        try:
            self.install("--only-binary", ":all:", *names)
        except AssertionError as error:
            words = ("No matching distribution", "ResolutionImpossible")
            if not any(word in str(error) for word in words):
                raise
            pytest.skip(f"{' or '.join(names[:-1])} has no wheels for this Python")

    def copied(self, to: Path) -> Environment:
        """Return a copy, whose scripts run its own interpreter: that costs less than to install."""
        shutil.copytree(self.folder, to, symlinks=True)
        made = Environment(to)
        for path in (to / "pyvenv.cfg", *made.python.parent.iterdir()):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                path.write_bytes(content.replace(os.fsencode(self.folder), os.fsencode(to)))
        return made


class Sandbox:
    """A home, a temp folder and a working directory of its own, and an empty environment."""

    def __init__(self, folder: Path, environment: Environment) -> None:
        """Make the folders below `folder`; run the interpreter of `environment`."""
        self.environment = environment
        self.home, self.tmp, self.work = (folder / name for name in ("home", "tmp", "work"))
        for each in (self.home, self.tmp, self.work, self.place):
            each.mkdir(parents=True, exist_ok=True)

    @property
    def place(self) -> Path:
        """Where the product is to put temporary bundles on this system."""
        if os.name == "nt":
            return self.home / "AppData" / "Local"
        return self.home / "Library" / "Caches" if sys.platform == "darwin" else self.tmp

    @property
    def left(self) -> List[Path]:
        """What lies there, but for what is stored, which on Windows lies there, too."""
        return [each for each in self.place.iterdir() if each.name != NAME]

    @property
    def drop_folder(self) -> Path:
        """Where `add` stores certificates on this system."""
        base = {
            "win32": self.home / "AppData" / "Roaming",
            "darwin": self.home / "Library" / "Application Support",
        }.get(sys.platform, self.home / ".config")
        return base / NAME / "certs"

    def variables(self, more: Mapping[str, str]) -> Dict[str, str]:
        """Return the whole environment of a process: nothing of this machine's is in it."""
        kept = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR")  # no process starts on Windows without
        found = {name: os.environ[name] for name in kept if name in os.environ}
        found.update(PATH=os.defpath, HOME=str(self.home), LANG="C.UTF-8")
        found.update({name: str(self.tmp) for name in ("TMPDIR", "TEMP", "TMP")})
        found.update(USERPROFILE=str(self.home), LOCALAPPDATA=str(self.home / "AppData" / "Local"))
        found.update(APPDATA=str(self.home / "AppData" / "Roaming"))
        if os.name == "nt":
            found.update(PYTHONIOENCODING="utf-8")  # as LANG elsewhere: not the code page of a PC
        found.update(PYTHONDONTWRITEBYTECODE="1", **more)
        return found

    def run(
        self,
        *arguments: str,
        env: Optional[Mapping[str, str]] = None,
        prefix: Sequence[str] = (),
        timeout: float = 120,
    ) -> Done:
        """Run the interpreter with these arguments and wait for its end."""
        return subprocess.run(
            [*prefix, str(self.environment.python), *arguments],
            env=self.variables(env or {}),
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    def run_code(
        self,
        code: str,
        *options: str,
        env: Optional[Mapping[str, str]] = None,
        prefix: Sequence[str] = (),
    ) -> Done:
        """Run some lines of Python with these options of the interpreter."""
        return self.run(*options, "-c", textwrap.dedent(code), env=env, prefix=prefix)

    def start_code(self, code: str) -> subprocess.Popen[str]:
        """Start some lines of Python; the caller ends the process."""
        return subprocess.Popen(
            [str(self.environment.python), "-c", textwrap.dedent(code)],
            env=self.variables({}),
            cwd=self.work,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def fetch(
        self,
        client: str,
        url: str,
        env: Optional[Mapping[str, str]] = None,
        prefix: Sequence[str] = (),
    ) -> Done:
        """Have an unmodified client ask for `url`, see fetch.py."""
        return self.run(str(FETCH), client, url, env=env, prefix=prefix)


def assert_fetched(done: Done) -> None:
    """The client was served, and nothing was printed beside its answer."""
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")


def assert_untrusted(done: Done) -> None:
    """The client refused the server because nobody vouches for it, and for no other reason."""
    assert done.stdout.strip() in UNTRUSTED, done
    assert (done.returncode, done.stderr) == (1, "")


def run_here(module: str, *arguments: str, cwd: Optional[Path] = None) -> str:
    """Run a module of the running interpreter in this machine's environment; return stdout."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def made_once(shared: Path, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder of that name, made by whichever worker of this run comes first."""
    from filelock import FileLock

    folder, made = shared / name, shared / f"{name}.made"
    with FileLock(str(shared / f"{name}.lock")):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            made.touch()
    return folder


def new_environment(interpreter: str, folder: Path, *options: str) -> Environment:
    """Make a virtual environment with that interpreter."""
    command = [interpreter, "-m", "venv", *options, str(folder)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return Environment(folder)


def copy_checkout(to: Path) -> Path:
    """Copy what a distribution is built from, as it is in a checkout without git."""
    litter = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis")
    for folder in (".ci", ".github", "docs", "src", "tests"):
        shutil.copytree(CHECKOUT / folder, to / folder, ignore=litter)
    for path in CHECKOUT.iterdir():
        if path.is_file():
            shutil.copy(path, to)
    return to


def minimal_wheel(project: str, text: str) -> bytes:
    """Return version 1.0 of a package with nothing but a text in PROJECT.txt."""
    name = project.replace("-", "_")
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.txt": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, content)
    return made.getvalue()


def build_distributions(checkout: Path, to: Path) -> None:
    """Build wheel and sdist of a checkout."""
    run_here("hatchling", "build", "-d", str(to), cwd=checkout)


def wheel_names(folder: Path) -> List[str]:
    """Return the names of all files in the one wheel in `folder`."""
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return wheel.namelist()


def snapshot(*folders: Path) -> Snapshot:
    """Return everything below the folders, with mode and content."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                content = ""
            found[str(path)] = f"{stat.filemode(status.st_mode)} {content}"
    return found


def write(path: Path, content: bytes) -> Path:
    """Write a file that nobody else may write to, whatever the umask; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o644)
    return path
