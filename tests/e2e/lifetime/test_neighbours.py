"""Neighbours in the same process that replace what we use."""

from __future__ import annotations

from support import Sandbox, write


def test_a_close_that_closes_nothing_at_exit(sandbox: Sandbox) -> None:
    """gevent replaces os.close by one that does nothing once its hub is gone; nothing is left."""
    done = sandbox.run_code(
        """
        import certifi, os
        certifi.where()
        os.close = lambda descriptor: None
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not sandbox.left


def test_an_open_that_needs_modules_at_exit(sandbox: Sandbox) -> None:
    """eventlet replaces os.open by one that fails when its modules are gone; nothing is left."""
    neighbour = b"""
import os
original = os.open
def open(*arguments, **options):
    import wave
    return original(*arguments, **options)
os.open = open
"""
    write(sandbox.work / "neighbour.py", neighbour)
    done = sandbox.run_code("import neighbour, certifi; certifi.where()")
    assert (done.returncode, done.stderr) == (0, "")
    assert not sandbox.left
