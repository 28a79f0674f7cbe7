"""Windows' own CPython under Wine, put together from package registries alone.

The DLLs (Python, its extension modules, OpenSSL) are python.org's: the wheel of panda3d carries
them, for 3.8 to 3.14. Lib is CPython's of the same minor version, of an interpreter of this machine
or of the packages of a Debian suite. python.exe is compiled here. Needs Debian or a relative,
and root unless Wine and the compiler for Windows are there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Iterable, List, Sequence

SOURCES = Path(__file__).resolve().parent / "windows"
VERSIONS = ("3.8", "3.11", "3.13", "3.14")
COMPILER = "x86_64-w64-mingw32-gcc"
PACKAGES = ("wine", "wine64", "gcc-mingw-w64-x86-64")
WITH_DLLS = "panda3d==1.10.16"
# What is of no use without a window, or is there to test Python itself; Wine 8 dies of _wmi, which
# `platform` can do without.
NO_DLL = re.compile(r"api-ms|t-win_amd64|^_test|^tcl|^tk|_tkinter|^_wmi", re.IGNORECASE)
BESIDE = re.compile(r"python3|vcruntime", re.IGNORECASE)  # python.exe; others lie in DLLs
NO_LIB = (
    *("__pycache__", "site-packages", "dist-packages", "lib-dynload", "test", "idlelib", "tkinter"),
    *("turtledemo", "sitecustomize.py", "config-*", "_sysconfigdata*", "EXTERNALLY-MANAGED"),
)
LIB_OF = "import os; print(os.path.dirname(os.__file__))"
# Python under Wine does not start when its output is a regular file.
PIPED = ("bash", "-o", "pipefail", "-c", '"$@" 2>&1 | cat', "bash")
SUITES = ("bookworm", "trixie", "forky", "sid")


def build(cache: Path, version: str) -> Path:
    """Return the python.exe of that version, put together in `cache` unless it is there."""
    folder = cache / f"windows-{version}"
    python = folder / "python.exe"
    if not python.exists():
        install_tools()
        unfinished = folder.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _put_together(cache, version, unfinished)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    return python


def install_tools() -> None:
    """Have Wine and the compiler installed; raises OSError where only a person can do that."""
    if shutil.which("wine") and shutil.which(COMPILER):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise OSError(f"Wine is not installed (as root: apt-get install {' '.join(PACKAGES)})")
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for task in (["update"], ["-y", "--no-install-recommends", "install", *PACKAGES]):
        done = _run([*apt, *task], env=environment)
        if done.returncode:
            last = (done.stdout.strip().splitlines() or ["no word of it"])[-1]
            raise OSError(f"apt-get {task[0]} has no Wine for us: {last}")


def machine(cache: Path, name: str) -> Path:
    """Return a machine of Wine's (a WINEPREFIX) with stores that nobody has changed yet."""
    folder = cache / f"wine-{name}"
    pristine = cache / f"wine-{name}.registry"
    if not pristine.exists():
        shutil.rmtree(folder, ignore_errors=True)
        for command in (
            ["wineboot", "-i"],
            ["wine", "winecfg", "-v", "win10"],
            ["wineserver", "-w"],
        ):
            _checked(entering(folder, command))
        _compile(
            *("-shared", SOURCES / "bcryptprimitives.c", "-ladvapi32", "-o"),
            folder / "drive_c/windows/system32/bcryptprimitives.dll",
        )
        pristine.mkdir(exist_ok=True)
        _copy(folder.glob("*.reg"), pristine)
    _checked(entering(folder, ["wineserver", "-k"]), status=None)
    _copy(pristine.glob("*.reg"), folder)
    return folder


def entering(folder: Path, command: Sequence[str] = ("wine",)) -> List[str]:
    """Return the command, or the beginning of one, that runs on that machine."""
    settings = {
        "PIP_CONFIG_FILE": "/etc/pip.conf",  # where this machine's pip finds its index
        "WINEPREFIX": folder,
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree,mshtml=;bcryptprimitives=n",
    }
    return [*PIPED, "env", *(f"{name}={value}" for name, value in settings.items()), *command]


def _put_together(cache: Path, version: str, folder: Path) -> None:
    """Make the folder of one Python, as python.org's installer would."""
    dll = f"python{version.replace('.', '')}.dll"
    (folder / "DLLs").mkdir(parents=True)
    with zipfile.ZipFile(_wheel(cache, version, WITH_DLLS)) as wheel:
        for name in wheel.namelist():
            base = os.path.basename(name)
            if name.startswith("deploy_libs/") and base and not NO_DLL.search(base):
                to = folder if BESIDE.match(base) else folder / "DLLs"
                (to / base).write_bytes(wheel.read(name))
    shutil.copytree(_lib(cache, version), folder / "Lib", ignore=shutil.ignore_patterns(*NO_LIB))
    _do_without_copyfile2(folder / "Lib")
    _compile(
        "-municode", f'-DPYTHON_DLL=L"{dll}"', SOURCES / "python.c", "-o", folder / "python.exe"
    )
    _forward(folder, dll)
    with zipfile.ZipFile(_wheel(cache, version, "pip")) as wheel:
        wheel.extractall(folder / "Lib/site-packages")
    scripts = folder / "Lib/venv/scripts/nt"
    scripts.mkdir(parents=True, exist_ok=True)
    for name in ("python", "pythonw", "venvlauncher", "venvwlauncher"):  # by version of venv
        shutil.copy(folder / "python.exe", scripts / f"{name}.exe")


def _do_without_copyfile2(lib: Path) -> None:
    """Have files copied as before Python 3.13: Wine 8 has no CopyFile2, and dies of it."""
    for path in (lib / "shutil.py", lib / "pathlib" / "_os.py"):
        if path.exists():
            text = re.sub(r"hasattr\(_winapi, .CopyFile2.\)", "False", path.read_text("utf-8"))
            path.write_text(text, "utf-8")


def _wheel(cache: Path, version: str, what: str) -> Path:
    """Return a wheel for that version, from the package index."""
    to = cache / f"wheel-{version}-{what.partition('=')[0]}"
    kind = ["--no-deps", "--only-binary=:all:", "--platform=win_amd64", "--implementation=cp"]
    pip = [sys.executable, "-m", "pip", "download", "-q", f"--python-version={version}", *kind]
    if not any(to.glob("*.whl")):
        _checked([*pip, "-d", str(to), what])
    return next(to.glob("*.whl"))


def _lib(cache: Path, version: str) -> Path:
    """Return CPython's Lib of that version: of this machine, or of a suite of Debian."""
    from reach.everywhere.debian_trees import contents
    from reach.everywhere.finding import candidates

    for path in candidates():
        if path.endswith(f"python{version}") or f"/{version}." in path:
            done = _run([path, "-I", "-S", "-c", LIB_OF])
            found = Path(done.stdout.strip().rpartition("\n")[2])
            if done.returncode == 0 and (found / "venv/__init__.py").exists():
                return found
    for suite in SUITES:
        try:
            found = contents(cache / f"lib-{version}-{suite}", suite, _packages(version))
        except (OSError, subprocess.CalledProcessError):
            continue
        return found / "usr/lib" / f"python{version}"
    raise OSError(f"neither this machine nor a suite of Debian has a Lib of Python {version}")


def _packages(version: str) -> List[str]:
    """Return the packages of Debian that share that Lib among them."""
    return [f"libpython{version}-{part}" for part in ("minimal", "stdlib")]


def _forward(folder: Path, dll: str) -> None:
    """Make python3.dll, which wheels of the stable ABI want: all of it is in the other one."""
    dump = _checked([COMPILER.replace("gcc", "objdump"), "-p", str(folder / dll)])
    names = re.findall(r"(?m)^\s+\[ *\d+\].* (_*Py\w+)$", dump.partition("Ordinal/Name")[2])
    definitions = folder / "python3.def"
    lines = [f"{name}={dll[:-4]}.{name}" for name in names]
    definitions.write_text("\n".join(["EXPORTS", *lines, ""]), "ascii")
    _compile("-shared", "-nostdlib", definitions, "-o", folder / "python3.dll")
    definitions.unlink()


def _compile(*arguments: object) -> None:
    _checked([COMPILER, "-O1", "-s", *map(str, arguments)])


def _copy(files: Iterable[Path], to: Path) -> None:
    for path in list(files):
        shutil.copy(path, to)


def _checked(command: Sequence[str], status: object = 0) -> str:
    """Return what a command prints; raises OSError with the end of it if it fails."""
    done = _run(command)
    if status is not None and done.returncode != status:
        raise OSError(f"{' '.join(command[:4])} failed: {done.stdout.strip()[-300:]}")
    return done.stdout


def _run(command: Sequence[str], **more: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, which is near."""
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        **more,
    )
