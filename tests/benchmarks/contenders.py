"""Who is compared: one virtual environment each, all with the same clients."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

CHECKOUT = Path(__file__).resolve().parents[2]
CLIENTS = ("requests", "httpx", "certifi")
OLD_WRAPT = "wrapt==1.17.*"
INJECT = {"sitecustomize.py": "import truststore\ntruststore.inject_into_ssl()\n"}
TWO_MODULES = {"empty/__init__.py": "", "empty/module.py": "", "empty.pth": "import empty.module\n"}
VERSIONS = """
import importlib.metadata, json
found = importlib.metadata.distributions()
print(json.dumps({each.metadata["Name"]: each.version for each in found}))
"""


class Contender(NamedTuple):
    """An environment: its folder below the cache, what stands in the table, what is installed."""

    name: str
    title: str
    packages: Tuple[str, ...]
    files: Dict[str, str] = {}  # noqa: RUF012 - in site-packages; never written to


BARE = Contender("bare", "bare", ("wrapt",))
BARE_OLD = Contender("bare-old-wrapt", "bare", (OLD_WRAPT,))
OURS = Contender("ours", "this package", (str(CHECKOUT), "wrapt"))
EMPTY = Contender("empty", "two empty modules in a `.pth`", ("wrapt",), TWO_MODULES)
OURS_OLD = Contender("ours-old-wrapt", "with wrapt 1.17", (str(CHECKOUT), OLD_WRAPT))
PEERS = (
    Contender("pip-system-certs", "pip-system-certs 5.3", ("pip-system-certs==5.3",)),
    Contender("truststore", "truststore, injected", ("truststore",), INJECT),
    Contender("certifi-linux", "certifi-linux", ("certifi-linux",)),
    Contender("first", "the first implementation", ("certifi-system-store-wrapper==0.0.1.dev9",)),
)
ALL = (BARE, BARE_OLD, EMPTY, OURS, OURS_OLD, *PEERS)


class Environment:
    """The environment of a contender, and how processes run in it."""

    def __init__(self, contender: Contender, cache: Path, tmp: Path) -> None:
        self.contender = contender
        self.folder = cache / "environments" / contender.name
        self.home, self.tmp = cache / "home", tmp
        self.python = str(self.folder / "bin" / "python")

    def make(self) -> None:
        """Make it, or use it again; this package is installed anew in any case."""
        if not (self.folder / "made").exists():
            venv = [sys.executable, "-m", "venv", "--clear", "--without-pip", str(self.folder)]
            subprocess.run(venv, check=True)
            self._pip(*CLIENTS, *self.contender.packages)
            site_packages = next(self.folder.glob("lib/*/site-packages"))
            for name, text in self.contender.files.items():
                (site_packages / name).parent.mkdir(exist_ok=True)
                (site_packages / name).write_text(text, encoding="utf-8")
            (self.folder / "made").touch()
        elif str(CHECKOUT) in self.contender.packages:
            self._pip("--no-deps", "--force-reinstall", str(CHECKOUT))
        compiling = [self.python, "-m", "compileall", "-q", str(self.folder / "lib")]
        subprocess.run(compiling, check=False, stdout=subprocess.DEVNULL)

    def _pip(self, *arguments: str) -> None:
        pip = [sys.executable, "-m", "pip", "--python", self.python, "install", "-q"]
        subprocess.run([*pip, *arguments], check=True)

    def variables(self, more: Dict[str, str]) -> Dict[str, str]:
        """Return the whole environment of a process: nothing of this machine's is in it."""
        scrubbed = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
        return {**scrubbed, "HOME": str(self.home), "TMPDIR": str(self.tmp), **more}

    def command(self, code: str) -> List[str]:
        """Return the command that runs some lines of Python."""
        return [self.python, "-c", code]

    def ask(self, code: str, env: Dict[str, str], prefix: Sequence[str] = ()) -> str:
        """Run some lines of Python; return what they print."""
        done = subprocess.run(
            [*prefix, *self.command(code)],
            env=self.variables(env),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            encoding="utf-8",
        )
        return done.stdout

    def versions(self) -> Dict[str, str]:
        """Return what is installed."""
        found: Dict[str, str] = json.loads(self.ask(VERSIONS, {}))
        return found


def environments(cache: Path, tmp: Path) -> Dict[str, Environment]:
    """Return all environments, made."""
    (cache / "home").mkdir(parents=True, exist_ok=True)
    found = {each.name: Environment(each, cache, tmp) for each in ALL}
    for environment in found.values():
        environment.make()
    return found
