"""doctor: programs on PATH that have an environment of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from certifi_system_store_wrapper.commands import environment
from certifi_system_store_wrapper.commands.doctor import programs
from certifi_system_store_wrapper.settings import Settings
from support import write


def test_a_program_of_another_environment_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the name that PATH has it by: on Windows that is az.cmd, poetry.exe or conda.bat."""
    folder = tmp_path / "tool"
    there = "Scripts\\python.exe" if os.name == "nt" else "bin/python"
    write(folder / there, b"")
    write(folder / "pyvenv.cfg", b"home = /no\nuv = 0.13.9\n")
    batch = f'@"%~dp0..\\tool\\{there}" -IBm azure.cli %*\r\n'
    script = f'#!/usr/bin/env bash\n{folder / there} -sm azure.cli "$@"\n'
    program = write(tmp_path / "bin" / "az.cmd", batch.encode())
    write(program.with_suffix(""), script.encode()).chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    (found,) = programs.findings(Settings())
    assert str(folder) in found.message
    assert found.remedy == environment.install_command(environment.read(str(folder)))
    assert found.remedy.startswith("uv pip install --python ")
