"""`completion`: real shells complete our command lines with what it prints."""

from __future__ import annotations

import shutil
import subprocess
from typing import Dict, Set

import pytest

from support import MODULE, NAME, Sandbox

# A line is typed up to its last word; each prints what the shell offers.
OF_WORDS = """
eval "$("$PYTHON" -m {module} completion {shell})"
COMP_WORDS=({words}) COMP_CWORD={at}
_certifi_system_store_wrapper
echo "${{COMPREPLY[@]}}"
"""
SHELLS: Dict[str, str] = {
    "bash": OF_WORDS,
    # bashcompinit calls the function with arrays that begin at 0, as ksh has them.
    "zsh": "autoload -Uz compinit && compinit -u\nemulate ksh\n" + OF_WORDS,
    "fish": '"$PYTHON" -m {module} completion fish | source\ncomplete -C "{line}"',
}
OFFERED: Dict[str, Set[str]] = {
    f"{NAME} do": {"doctor"},
    f"{NAME} shellenv --fo": {"--format"},
    f"{NAME} shellenv --format d": {"dotenv", "dockerfile"},
    f"{NAME} export --out": {"--output"},
    f"{NAME} completion f": {"fish"},
    f"{NAME} list --be": {"--beyond"},
    f"{NAME} nonsense": set(),
    f"{NAME} run curl --js": set(),
    f"{NAME} list --html f": set(),
    f"{NAME} list --source f": set(),
    f"{NAME} add f": set(),
}


def offered(shell: str, line: str, sandbox: Sandbox) -> Set[str]:
    """Return the words that a shell offers for a line that is half typed."""
    program = shutil.which(shell)
    if not program:
        pytest.skip(f"there is no {shell} here")
    words = line.split()
    fields = {"shell": shell, "module": MODULE, "line": line, "at": len(words) - 1}
    script = SHELLS[shell].format(words=" ".join(words), **fields)
    quiet = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    done = subprocess.run(
        [program, *quiet, "-c", script],
        cwd=sandbox.work,
        env=sandbox.variables({"PYTHON": str(sandbox.environment.python)}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stderr == "", done
    found = {each.split("\t")[0] for each in done.stdout.replace(" ", "\n").splitlines()}
    # What does not fit zsh itself leaves out, behind this function.
    return {each for each in found if shell != "zsh" or each.startswith(words[-1])}


@pytest.mark.posix("these shells are those of Unix")
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_our_lines(shell: str, sandbox: Sandbox) -> None:
    """A command, an option, the value of one; for nonsense, files and programs nothing of ours."""
    for line, words in OFFERED.items():
        assert offered(shell, line, sandbox) - {""} == words, line
