"""The context that httpcore2 makes for its default, and httpx2 with it, trusts the bundle, too.

From 2.5 on it does not ask certifi, but the operating system. An explicit choice wins: `verify=`
never comes here, and what SSL_CERT_FILE and SSL_CERT_DIR name is all that is trusted.
"""

from __future__ import annotations

import functools
import os
from types import FunctionType, ModuleType
from typing import Any, Callable, List, Tuple

from . import anchors, latecomers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext

    MakesContext = Callable[..., SSLContext]

_OTHERWISE = (
    "httpx2 trusts only what it trusts by itself; upgrade certifi-system-store-wrapper, "
    "or set the variables that its shellenv prints"
)
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
# httpcore2's own function and ours.
_patched: List[Tuple[Callable[..., Any], Callable[..., Any]]] = []


def patch(module: ModuleType) -> None:
    """Have `httpcore2._ssl` add what is in the bundle; who has bound its function, too."""
    with anchors.nothing_worse(_OTHERWISE):
        own = module.default_ssl_context
        if not hasattr(own, anchors.MARK):
            _refuse_unknown(own)
            ours = _default_ssl_context(own)
            _patched.append((own, ours))
            latecomers.rebind([(own, ours)])


def undo() -> None:
    """Give httpcore2 its own function back."""
    latecomers.rebind([(ours, own) for own, ours in _patched])
    _patched.clear()


def _refuse_unknown(function: MakesContext) -> None:
    """Raise for a release that lets callers choose in another way than we know."""
    code = function.__code__ if isinstance(function, FunctionType) else None
    names = code and code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if names not in ((), ("_trust_env",)):
        raise TypeError(f"httpcore2 is newer, its default_ssl_context{names} is not known")


def _default_ssl_context(own: MakesContext) -> MakesContext:
    @functools.wraps(own)
    def default_ssl_context(**named: bool) -> SSLContext:
        context = own(**named)
        if not _is_chosen(**named):
            with anchors.nothing_worse(_OTHERWISE):
                # Its own methods: truststore keeps a context within the context.
                anchors.add_lacking(context, type(context))
        return context

    setattr(default_ssl_context, anchors.MARK, True)
    return default_ssl_context


def _is_chosen(*, _trust_env: bool = True) -> bool:
    """Whether httpcore2 loads what a variable names, and nothing else."""
    return _trust_env and any(os.environ.get(name) for name in _VARIABLES)
