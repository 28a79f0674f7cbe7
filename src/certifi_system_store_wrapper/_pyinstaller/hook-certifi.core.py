"""While a program is built: certifi takes us along.

The hook is of certifi.core and not of certifi, because a module has one hook: that of certifi
collects cacert.pem, belongs to others, and stays in force.

No file goes along. A CA that somebody dropped into the builder's environment is the builder's,
and none of the product's.
"""

from PyInstaller.utils.hooks import collect_submodules

# The command line needs a Python, and the folder of this hook needs PyInstaller.
_LEFT_OUT = {"__main__", "_pyinstaller", "commands"}


def _goes_along(name: str) -> bool:
    """Whether that module of ours has something to do in a program."""
    return not _LEFT_OUT & set(name.split("."))


hiddenimports = collect_submodules("certifi_system_store_wrapper", filter=_goes_along)
