"""certifi is asked for: from here on where() and contents() answer from the bundle.

The door. Python asks finders with its import lock held (before 3.14), and who imports while
holding it waits for modules that other threads are importing, which wait for the lock. So the
lock is given back first, and nothing of ours is imported at the top of this file.
"""

import _imp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any, Callable, List, Optional

    AtExit = List[Any]
    Finds = Optional[Callable[[str], Optional[ModuleSpec]]]


# beartype_all() evaluates annotations, so these stand in a comment.
def watch(name, at_exit):  # type: (str, AtExit) -> Finds  # noqa: ANN001, ANN201
    """Have that copy of certifi (or ssl) patched when it is imported, at once if it has been.

    Return what finds its spec, None where that is not for us to say. `at_exit` gets what is to
    run at exit. Raises whatever goes wrong.
    """
    held = 0
    try:
        try:
            while True:
                _imp.release_lock()
                held += 1
        except RuntimeError:
            # This thread does not hold it any more.
            pass
        try:
            from . import hook

            return hook.find_spec if hook.watch(name, at_exit) else None
        except (ImportError, AttributeError) as error:
            from .shadows import culprit

            shadow = culprit(error)
            if shadow is None:
                raise
            raise shadow from error
    finally:
        for _ in range(held):
            _imp.acquire_lock()
