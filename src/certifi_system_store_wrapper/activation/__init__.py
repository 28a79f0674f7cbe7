"""certifi is asked for: have the hook answer, without the lock that Python asks finders with.

Before Python 3.14 that is its import lock. Who imports while holding it waits for the modules that
other threads are importing, and those wait for the lock; hence nothing is imported here but `_imp`.
"""

import _imp

from .. import bootstrap

_DEPTH = range(1000)  # of finders that import; Python's own limit of recursion


def find_spec(name: str) -> object:
    """Have the hook answer; where it cannot be had, certifi stays as it is."""
    held = []  # type: list[object]
    try:
        try:
            _give_back(held)
            from .hook import find_spec

            return find_spec(name)
        except Exception as error:  # noqa: BLE001 - nothing may escape from an import of certifi
            bootstrap.failed(error)
            return None
        finally:
            _take_back(held)
    finally:  # where Ctrl-C came before that
        _take_back(held)


def _give_back(held: list) -> None:  # type: ignore[type-arg]
    """Note each time that we hold it, in the same step of C: no Ctrl-C comes between."""
    try:
        held.extend(zip(_DEPTH, iter(_imp.release_lock, 0)))
    except RuntimeError:  # it is not ours any more
        return


def _take_back(held: list) -> None:  # type: ignore[type-arg]
    """Hold it as often as before, in one step as well."""
    try:
        list(zip(iter(held.pop, 0), iter(_imp.acquire_lock, 0)))
    except IndexError:  # that often
        return
