"""What people are told of an error, and what to do next."""

from __future__ import annotations

import errno

import pytest

from certifi_system_store_wrapper.commands.output import sentence


@pytest.mark.parametrize(
    ("number", "path", "step"),
    [
        (errno.EINVAL, "a?b.pem", "choose a name without"),
        (errno.EINVAL, "corp.pem", "name another place"),
        (errno.EBADF, "CON", "name another place"),
        (errno.EBADF, None, "leave standard output open"),
        (errno.ENOENT, "no/a.pem", "make that folder first"),
    ],
)
def test_the_next_step(number: int, path: str, step: str) -> None:
    """Nobody is told to rename a file, or to open stdout, where a server is away."""
    assert step in sentence(OSError(number, "Windows says so", path))
