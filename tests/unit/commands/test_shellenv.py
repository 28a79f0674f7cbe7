"""shellenv's quoting: every shell reads back exactly the path that it was told."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certifi_system_store_wrapper.commands import SHELLS
from certifi_system_store_wrapper.commands.shellenv import assignment

SPECIAL = " '\"$()`%!\\&|;<>*?[]{}~#^\t\u2019\u201b"
paths = st.text(
    st.sampled_from(SPECIAL)
    | st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r\0"),
    max_size=30,
)
PRINTING = {
    "sh": ["sh", "-c"],
    "bash": ["bash", "-c"],
    "zsh": ["zsh", "-fc"],
    "fish": ["fish", "--no-config", "-c"],
    "pwsh": ["pwsh", "-NoProfile", "-Command"],
}
POSIX_PRINT = 'printf %s "$WHERE"'
PRINT = {"fish": "printf %s $WHERE", "pwsh": "[Console]::Out.Write($env:WHERE)"}
DIALECT = {"fish": "fish", "pwsh": "powershell"}


@pytest.mark.parametrize("shell", [s for s in PRINTING if shutil.which(s)])
@given(path=paths)
@settings(max_examples=60, deadline=None)
def test_the_real_shell_reads_it_back(shell: str, path: str) -> None:
    """Any path without a line break, by each shell that is here."""
    line = assignment(DIALECT.get(shell, "sh"), "WHERE", path)
    script = f"{line}\n{PRINT.get(shell, POSIX_PRINT)}"
    done = subprocess.run([*PRINTING[shell], script], capture_output=True, check=True)
    assert done.stdout.decode("utf-8") == path


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("path", ["a\nb", "a\rb", "a\0b"])
def test_a_line_break_is_refused(shell: str, path: str) -> None:
    """As is a NUL: no shell can be told them on one line."""
    with pytest.raises(OSError, match="line break"):
        assignment(shell, "WHERE", path)


def test_cmd_and_powershell_by_their_rules() -> None:
    """Neither is here: % is doubled in a batch file, quotes of any kind in a string."""
    assert assignment("cmd", "X", r"C:\100% & more") == r'set "X=C:\100%% & more"'
    with pytest.raises(OSError, match="double quote"):
        assignment("cmd", "X", 'a"b')
    assert assignment("powershell", "X", "it's \u2019") == "$env:X = 'it''s \u2019\u2019'"
