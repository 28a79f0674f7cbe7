"""Wait for certifi, as the start-up files do: PyInstaller runs this before a program's first line.

It loads nothing but the bootstrap module. PyInstaller runs it in ``__main__``, so it leaves no
name behind.
"""


def _wait_for_certifi() -> None:
    """Never raise: the builder of the program may have left this package out."""
    try:
        from certifi_system_store_wrapper import bootstrap

        bootstrap.go_first()
    except ImportError:
        return


_wait_for_certifi()
del _wait_for_certifi
