"""Neighbours in the same process that replace what we use."""

from __future__ import annotations

from support import Sandbox


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
    assert not list(sandbox.place.iterdir())
