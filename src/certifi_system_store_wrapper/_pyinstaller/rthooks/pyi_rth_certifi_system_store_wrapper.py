"""At the start of a program, before its first line: wait for certifi, as the start-up files do.

Like them it loads nothing but the bootstrap module. PyInstaller runs this in ``__main__``, so no
name may be left behind.
"""


def _wait_for_certifi() -> None:
    """Never raises: whoever built the program may have left this package out."""
    try:
        from certifi_system_store_wrapper import bootstrap

        bootstrap.go_first()
    except Exception:  # noqa: BLE001 - a program must start as it would without us
        return


_wait_for_certifi()
del _wait_for_certifi
