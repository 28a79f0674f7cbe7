"""What all tests of neighbours do: install them, order their start-up files, and ask."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Mapping, Optional

import pytest
from uv import find_uv_bin

from support import FETCH, MODULE, NAME, Environment, Sandbox, assert_fetched, assert_untrusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from support import Done

OURS = f"{NAME}-"
# Whoever asks gets the same, and the CA that a person named is in it.
AGREE = """
import certifi, certifi.core, os, pathlib
from certifi import contents, where

def check(truth):  # no assert: there is -O
    if not truth:
        raise SystemExit(path)

path = where()
check(path == certifi.where() == certifi.core.where())
check("certifi-system-store-wrapper-" in path)
check(contents() == certifi.contents() == pathlib.Path(path).read_text(encoding="ascii"))
named = pathlib.Path(os.environ["PYTHON_CERTIFI_CERT_FILES"])
check(named.read_text(encoding="ascii") in contents())
"""
# What uv says where there is no release for this Python.
_NONE_FOR_IT = ("depends on Python", "does not satisfy", "no wheels", "no version of", "only ")


def installed_with(environment: Environment, *requirements: str) -> Environment:
    """Install from the package index; skip where that has no release for this Python."""
    done = _uv("install", environment, *requirements)
    if done.returncode:
        text = " ".join(done.stderr.split())
        no_release = "No solution found" in text and any(each in text for each in _NONE_FOR_IT)
        assert no_release, done.stderr
        pytest.skip(f"no release of {' '.join(requirements[2:])} for this Python")
    return environment


def uninstalled(environment: Environment, *names: str) -> None:
    """Uninstall."""
    done = _uv("uninstall", environment, *names)
    assert done.returncode == 0, done.stderr


def _uv(task: str, environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [find_uv_bin(), "pip", task, "--quiet", "--no-config", "--system-certs"]
    return subprocess.run(
        [*command, "--python", str(environment.python), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def reorder(environment: Environment, order: str) -> None:
    """Have the start-up files of all others run before or after ours; or leave them."""
    prefix = {"before us": "aaa_", "after us": "zzz_", "as installed": ""}[order]
    for path in environment.site_packages.iterdir():
        if path.suffix in (".pth", ".start") and not path.name.startswith(MODULE):
            path.rename(path.with_name(prefix + path.name))


def assert_served(
    sandbox: Sandbox,
    url: str,
    ca_file: Path,
    env: Optional[Mapping[str, str]] = None,
    first: str = "",
) -> None:
    """The CA of the variable is trusted, without it nobody is; nothing is printed or left.

    `first` are lines that the program begins with. What the neighbour prints by itself it may.
    """
    env = env or {}
    code = f"""{first}
import runpy, sys
sys.argv[1:] = ["requests", {url!r}]
runpy.run_path({str(FETCH)!r}, run_name="__main__")
"""
    said = without_numbers(sandbox.run_code(code, env={**env, "PYTHON_CERTIFI_DISABLE": "1"}))
    assert_untrusted(without(said.stderr, sandbox.run_code(code, env=env)))
    env = {**env, **named(ca_file)}
    assert_fetched(without(said.stderr, sandbox.run_code(code, env=env)))
    agreed = without(said.stderr, sandbox.run_code(f"{first}\n{AGREE}", env=env))
    assert (agreed.returncode, agreed.stdout, agreed.stderr) == (0, "", ""), agreed
    assert_nothing_left(sandbox)


def without(said: str, done: Done) -> Done:
    """Return what came of the program, without what is said without us, too."""
    done = without_numbers(done)
    done.stderr = done.stderr.replace(said, "") if said else done.stderr
    return done


def without_numbers(done: Done) -> Done:
    """Return it with no number in stderr: eventlet counts locks."""
    done.stderr = re.sub("[0-9]+", "some", done.stderr)
    return done


def assert_silent(
    sandbox: Sandbox, code: str, *options: str, env: Optional[Mapping[str, str]] = None
) -> None:
    """The program ends well, says nothing, and leaves nothing."""
    done = sandbox.run_code(code, *options, env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done.stderr + done.stdout
    assert_nothing_left(sandbox)


def assert_nothing_left(sandbox: Sandbox) -> None:
    """No bundle of ours is left; neighbours may leave what they will."""
    assert not list(sandbox.place.glob(f"{OURS}*"))


def named(ca_file: Path) -> Mapping[str, str]:
    """Return the variable that names the CA."""
    return {"PYTHON_CERTIFI_CERT_FILES": str(ca_file)}
