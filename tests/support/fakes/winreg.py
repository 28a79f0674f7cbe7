"""A winreg for other systems: keys that were prepared, each with the names of its subkeys."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import ModuleType
from typing import Dict, Iterator, List, Tuple


def install(keys: Dict[str, List[str]], denied: str = "") -> None:
    """Let `import winreg` find this one; `keys` by HIVE and path, `denied` may not be opened."""
    module = ModuleType("winreg")
    known = {path.upper(): names for path, names in keys.items()}

    @contextmanager
    def open_key(hive: str, path: str) -> Iterator[List[str]]:
        whole = f"{hive}\\{path}".upper()
        if whole == denied.upper():
            raise PermissionError(13, "Access is denied")
        if whole not in known:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        yield known[whole]

    def query_info_key(names: List[str]) -> Tuple[int, int, int]:
        return len(names), 0, 0

    vars(module).update(
        HKEY_LOCAL_MACHINE="HKEY_LOCAL_MACHINE",
        HKEY_CURRENT_USER="HKEY_CURRENT_USER",
        OpenKey=open_key,
        QueryInfoKey=query_info_key,
        EnumKey=list.__getitem__,
    )
    sys.modules["winreg"] = module
