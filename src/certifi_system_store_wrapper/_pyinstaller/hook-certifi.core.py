"""PyInstaller runs this while it builds a program: a program with certifi gets this package, too.

A module has one hook. That of certifi belongs to others, and collects cacert.pem; so this is the
hook of certifi.core.

No data file is collected. A CA in the drop folder of the builder's environment belongs to the
builder and not to the product.
"""

from PyInstaller.utils.hooks import collect_submodules

# The command line needs a Python interpreter, and the folder of this hook PyInstaller.
_LEFT_OUT = {"__main__", "_pyinstaller", "commands"}


def _goes_along(name: str) -> bool:
    """Whether a built program needs that module of this package."""
    return not _LEFT_OUT & set(name.split("."))


hiddenimports = collect_submodules("certifi_system_store_wrapper", filter=_goes_along)
