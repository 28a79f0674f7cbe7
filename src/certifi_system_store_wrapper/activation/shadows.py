"""Files of the user's that Python takes for its own modules, as an ssl.py beside the program is.

Nothing is imported here but what every interpreter has loaded before such a file is found.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Iterator, Optional, Sequence, Set, Tuple

_PYTHONS_OWN = os.path.dirname(os.path.abspath(os.__file__))


class Shadowed(ImportError):
    """An import has found a file of the user's; the message names it."""

    def __init__(self, message: str, remedy: str = "rename it") -> None:
        """Remember what to do."""
        super().__init__(message)
        self.remedy = remedy

    def __repr__(self) -> str:
        """Return the sentence: in quotes a path of Windows would not be what can be typed."""
        return str(self)


def culprit(error: BaseException) -> Optional[Shadowed]:
    """Return what names the file that has led to the error, if one has."""
    ran = _run_by(error.__traceback__)
    for name, path in among(_before_pythons_own()):
        module = sys.modules.get(name)
        if path in ran or os.path.abspath(str(vars(module or sys).get("__file__"))) == path:
            return Shadowed(f"{path} is taken for Python's own module {name}")
    return None


def among(folders: Sequence[str]) -> Iterator[Tuple[str, str]]:
    """Yield each file in the folders that has the name of a module of Python's, with that name.

    Python takes a folder for a module only if there is such a file in it.
    """
    names = _names()
    for folder in folders:
        try:
            here = sorted(os.listdir(folder or os.curdir))
        except OSError:
            continue
        for file in here:
            name, ending = os.path.splitext(file)
            path = os.path.abspath(os.path.join(folder, file))
            inside = os.path.join(path, "__init__.py")
            if name in names and (ending == ".py" or os.path.isfile(inside)):
                yield name, path if ending else inside


def _names() -> Set[str]:
    """Return the names of Python's own modules."""
    if sys.version_info >= (3, 10):
        return set(sys.stdlib_module_names)
    return {os.path.splitext(file)[0] for file in os.listdir(_PYTHONS_OWN)}


def _before_pythons_own() -> Sequence[str]:
    """Return the folders that Python looks through before its own."""
    folders = [os.path.abspath(folder) for folder in sys.path]
    return folders[: folders.index(_PYTHONS_OWN)] if _PYTHONS_OWN in folders else folders[:1]


def _run_by(traceback: Optional[TracebackType]) -> Set[str]:
    """Return the files whose code was running."""
    files = set()
    while traceback:
        files.add(os.path.abspath(traceback.tb_frame.f_code.co_filename))
        traceback = traceback.tb_next
    return files
