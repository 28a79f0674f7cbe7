"""What the process does with a signal, beneath the handler that Python has for it.

`signal.signal()` sets both. C code may have laid a handler of its own over Python's (as cysignals,
GLib, gevent and faulthandler do), and `signal.siginterrupt()` a flag: nothing in Python tells, and
a new handler would end either for good.
"""

from ctypes import CDLL, c_char

# No system's struct sigaction is longer. It is kept as it is, and not looked into.
_Sigaction = c_char * 512
# Python itself is linked to the C library.
_sigaction = CDLL(None).sigaction


def disposition(signum: int) -> bytes:
    """Return what sigaction(2) says of that signal, b"" where it says nothing."""
    answer = _Sigaction()
    return answer.raw if _sigaction(signum, None, answer) == 0 else b""


def handler(signum: int) -> bytes:
    """Return the address of the C function that handles that signal.

    It is what comes first; in what follows, the C library leaves bytes that mean nothing.
    """
    return disposition(signum)[:8]


def restore(signum: int, before: bytes) -> None:
    """Have the process do with that signal what it did before."""
    _sigaction(signum, before, None)
