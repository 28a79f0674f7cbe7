from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest

import opt_in

HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Naming the folder is not enough: nobody's own machine is to be changed by mistake."""
    parser.addoption(
        "--alter-this-machine", action="store_true", help="it is thrown away: change its store"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> Optional[bool]:
    """Keep the default run free of what changes the machine."""
    return opt_in.ignore(HERE, collection_path, config)


@pytest.fixture(autouse=True)
def _consent(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.getoption("--alter-this-machine"), "only where nobody needs the machine"
