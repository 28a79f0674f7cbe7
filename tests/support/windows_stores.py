"""The real certificate stores of Windows: filled and emptied by crypt32 itself.

They are those of a machine of Wine's, or of a machine that is thrown away: see the fixture
`stores`. As an administrator would, it writes to the machine's stores unless a user's are named:
for the user's ROOT real Windows opens a window and waits for a person.
"""

from __future__ import annotations

import ctypes
import hashlib
from contextlib import ExitStack, contextmanager, suppress
from ctypes import POINTER, byref, c_char_p, c_ulong, c_void_p, c_wchar_p
from typing import Any, Callable, Iterator, Optional, Sequence, Tuple

MACHINE, USER = 0x20000, 0x10000  # CERT_SYSTEM_STORE_...
SYSTEM_STORE = 10  # CERT_STORE_PROV_SYSTEM_W
X509 = 1
REPLACE = 3  # CERT_STORE_ADD_REPLACE_EXISTING
STORES = r"Software\Microsoft\SystemCertificates"


class Usage(ctypes.Structure):
    """CTL_USAGE: the purposes that the store allows a certificate, beside its own."""

    _fields_ = [("count", c_ulong), ("oids", POINTER(c_char_p))]


class Stores:
    """What a test puts into the stores; its end takes that out again."""

    def __init__(self) -> None:
        """Begin with the stores as they are."""
        self._added = ExitStack()

    def add(
        self, name: str, der: bytes, where: int = MACHINE, usage: Optional[Sequence[str]] = None
    ) -> None:
        """Put a certificate into a store, for these purposes only where they are given."""
        with _opened(name, where) as (library, store):
            context = c_void_p()
            call = library.CertAddEncodedCertificateToStore
            _check(call(store, X509, der, len(der), REPLACE, byref(context)))
            if usage is not None:
                oids = (c_char_p * len(usage))(*(oid.encode("ascii") for oid in usage))
                allowed = Usage(len(usage), ctypes.cast(oids, POINTER(c_char_p)))
                _check(library.CertSetEnhancedKeyUsage(context, byref(allowed)))
            library.CertFreeCertificateContext(context)  # Wine writes nothing while one is held
        self._added.callback(self.remove, name, der, where)

    def remove(self, name: str, der: bytes, where: int = MACHINE) -> None:
        """Take a certificate out of the store, where the registry has it.

        Wine's crypt32 says that it deletes one, and it is there again at the next look.
        """
        import winreg

        hive = winreg.HKEY_LOCAL_MACHINE if where == MACHINE else winreg.HKEY_CURRENT_USER
        key = f"{STORES}\\{name}\\Certificates\\{hashlib.sha1(der).hexdigest().upper()}"
        with suppress(FileNotFoundError):
            winreg.DeleteKey(hive, key)

    def close(self) -> None:
        """Take out all that was put in."""
        self._added.close()


@contextmanager
def _opened(name: str, where: int) -> Iterator[Tuple[Any, int]]:
    """Open a store for writing; hand in the library as well."""
    library = _crypt32()
    store = library.CertOpenStore(SYSTEM_STORE, 0, None, where, name)
    _check(store)
    try:
        yield library, store
    finally:
        library.CertCloseStore(store, 0)


def _check(answer: Any) -> None:
    if not answer:
        raise OSError(f"crypt32 fails with {ctypes.get_last_error() & 0xFFFFFFFF:#x}")  # type: ignore[attr-defined]


def _crypt32() -> Any:
    """Return the library with the types that pointers of 64 bits need."""
    library = ctypes.WinDLL("crypt32", use_last_error=True)  # type: ignore[attr-defined]

    def declare(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
        return function

    declare("CertOpenStore", c_void_p, c_void_p, c_ulong, c_void_p, c_ulong, c_wchar_p)
    declare("CertCloseStore", c_ulong, c_void_p, c_ulong)
    declare(
        *("CertAddEncodedCertificateToStore", c_ulong, c_void_p, c_ulong),
        *(c_char_p, c_ulong, c_ulong, c_void_p),
    )
    declare("CertSetEnhancedKeyUsage", c_ulong, c_void_p, c_void_p)
    declare("CertFreeCertificateContext", c_ulong, c_void_p)
    return library
