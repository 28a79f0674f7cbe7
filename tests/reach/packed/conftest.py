from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest

import opt_in
from packed.packing import HEAD, NAMES, TABLES

HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep the default run free of what builds whole programs, unless this folder is named."""
    return opt_in.ignore(HERE, collection_path, config)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the rows of this run, by the Python that the programs were built with."""
    for table in TABLES:
        opt_in.tell(terminalreporter, config, table, HEAD, NAMES)
