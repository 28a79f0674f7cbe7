"""A crypt32.dll for other systems, behind real ctypes function pointers.

It answers the seven functions that wincertstore declares from a dictionary of stores, with the
habits of the real one that hurt: a context is valid only until the next step frees it (its
bytes are overwritten then), an enumeration that is broken off leaks its context, and errors
arrive through the thread's last error. Widths are those of this system's ctypes.wintypes, so
it proves sequences of calls, not the layout of structures.
"""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

CRYPT_E_NOT_FOUND = -2146885628
ACCESS_DENIED = 5
PROPERTY, EXTENSION = 4, 2  # whose usage is asked for
FREED = 0xDD


class Held(NamedTuple):
    """One certificate in a store; `usage` None: no property, an int: asking fails with it."""

    der: bytes
    usage: Union[int, Sequence[str], None] = None
    encoding: int = 1
    extension: Optional[Sequence[str]] = None


class Context(ctypes.Structure):
    """CERT_CONTEXT."""

    _fields_ = [
        ("encoding", wintypes.DWORD),
        ("encoded", ctypes.c_void_p),
        ("size", wintypes.DWORD),
        ("info", ctypes.c_void_p),
        ("store", ctypes.c_void_p),
    ]


class Usage(ctypes.Structure):
    """CTL_USAGE."""

    _fields_ = [("count", wintypes.DWORD), ("oids", ctypes.POINTER(ctypes.c_char_p))]


class Crypt32:
    """The library: `stores` and, for a store that cannot be opened, `failing` with its error."""

    def __init__(self, stores: Dict[str, List[Held]], failing: Dict[str, int]) -> None:
        """Hold the stores by their upper-case names, as Windows does."""
        self.stores = {name.upper(): held for name, held in stores.items()}
        self.failing = {name.upper(): error for name, error in failing.items()}
        self.last_error = 0
        self.asked: List[str] = []  # the stores that were opened, in order
        self.open_stores: Dict[int, List[Held]] = {}
        self.alive: Dict[int, Any] = {}  # address -> (position, held, context, buffer)
        self._kept: List[Any] = []  # memory that C code may still look at

    def functions(self) -> Dict[str, Any]:
        """Return the exported functions as function pointers."""
        pointer, dword = ctypes.c_void_p, wintypes.DWORD
        make, text, truth = ctypes.CFUNCTYPE, ctypes.c_wchar_p, wintypes.BOOL
        return {
            "CertOpenSystemStoreW": make(pointer, pointer, text)(self._open),
            "CertCloseStore": make(truth, pointer, dword)(self._close),
            "CertEnumCertificatesInStore": make(pointer, pointer, pointer)(self._next),
            "CertEnumCRLsInStore": make(pointer, pointer, pointer)(lambda *_: self._fail()),
            "CertFreeCertificateContext": make(truth, pointer)(self._free),
            "CertGetEnhancedKeyUsage": make(truth, pointer, dword, pointer, pointer)(self._usage),
            "CertGetNameStringW": make(dword, pointer, dword, dword, pointer, pointer, dword)(
                lambda *_: 1
            ),
        }

    def _fail(self, error: int = CRYPT_E_NOT_FOUND) -> int:
        self.last_error = error
        return 0

    def _open(self, _provider: Optional[int], name: str) -> int:
        self.asked.append(name)
        if name.upper() in self.failing:
            return self._fail(self.failing[name.upper()])
        handle = 0x1000 + len(self.asked)
        self.open_stores[handle] = self.stores.get(name.upper(), [])
        return handle

    def _close(self, handle: int, _flags: int) -> int:
        return int(self.open_stores.pop(handle, None) is not None)

    def _next(self, handle: int, previous: Optional[int]) -> int:
        position = 0
        if previous:
            position = self.alive[previous][0] + 1
            self._free(previous)
        store = self.open_stores[handle]
        if position == len(store):
            return self._fail()
        held = store[position]
        buffer = ctypes.create_string_buffer(held.der, len(held.der))
        where = ctypes.addressof(buffer)
        context = Context(held.encoding, where, len(held.der), None, handle)
        self.alive[ctypes.addressof(context)] = (position, held, context, buffer)
        return ctypes.addressof(context)

    def _free(self, address: int) -> int:
        _, held, context, buffer = self.alive.pop(address)
        ctypes.memset(buffer, FREED, len(held.der))
        self._kept.append((context, buffer))
        return 1

    def _usage(self, address: int, flags: int, target: Optional[int], size: int) -> int:
        held: Held = self.alive[address][1]
        oids = held.usage if flags == PROPERTY else held.extension
        if oids is None or isinstance(oids, int):
            return self._fail(CRYPT_E_NOT_FOUND if oids is None else oids)
        needed = wintypes.DWORD.from_address(size)
        if not target:
            needed.value = ctypes.sizeof(Usage)
            return 1
        array = (ctypes.c_char_p * (len(oids) + 1))(*[oid.encode("latin-1") for oid in oids])
        self._kept.append(array)
        answer = Usage.from_address(target)
        answer.count = len(oids)
        answer.oids = ctypes.cast(array, ctypes.POINTER(ctypes.c_char_p))
        return 1


def enum_certificates(library: Crypt32) -> Any:
    """Return a stand-in for ssl's function of that name, over the same stores."""
    encodings = {1: "x509_asn", 0x10000: "pkcs_7_asn"}

    def enumerate_store(name: str) -> List[Tuple[bytes, Any, Any]]:
        library.asked.append(name)
        error = library.failing.get(name.upper())
        if error is not None:
            raise (PermissionError if error == ACCESS_DENIED else OSError)(error, "the fake says")
        found = []
        for held in library.stores.get(name.upper(), []):
            if isinstance(held.usage, int):
                raise OSError(held.usage, "the fake says")
            oids = held.usage if held.usage is not None else held.extension
            usage = True if oids is None else frozenset(oids)
            found.append((held.der, encodings.get(held.encoding, held.encoding), usage))
        return found

    return enumerate_store


def install(library: Crypt32) -> None:
    """Give this process' ctypes the names that exist on Windows only."""
    names: Dict[str, Any] = vars(ctypes)
    functions = library.functions()
    names["WinDLL"] = lambda _name, **_options: type("Library", (), functions)
    names["get_last_error"] = names["GetLastError"] = lambda: library.last_error
    names["FormatError"] = lambda code=0: f"error {code} of the fake"
