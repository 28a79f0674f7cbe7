from __future__ import annotations

import ssl
from pathlib import Path
from typing import Iterator

import pytest
import trustme

from support import made_once, new_environment, run_here
from support.shell import served

USED = ("requests", "httpie", "pip", "setuptools")


@pytest.fixture
def links(shared: Path, interpreter: str, wheel: str, private_ca: trustme.CA) -> Iterator[str]:
    """Return the address of the wheels, which only the private CA vouches for."""

    def make(folder: Path) -> None:
        python = str(new_environment(interpreter, shared / "wheels", "--without-pip").python)
        run_here("pip", "--python", python, "wheel", "-q", "-w", str(folder), wheel, *USED)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    private_ca.issue_cert("localhost").configure_cert(context)
    with served(made_once(shared, "used", make), context) as host:
        yield f"https://{host}/"
