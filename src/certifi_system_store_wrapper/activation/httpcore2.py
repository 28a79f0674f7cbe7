"""The context that httpcore2 makes for its default, and httpx2 with it, trusts the bundle, too.

httpx2 from 2.3 on and httpcore2 from 2.5 on do not ask certifi, but the operating system. Until
2.15.1 httpx2 makes a context of truststore by itself, then it asks httpcore2. An explicit choice
wins: `verify=`, and what SSL_CERT_FILE and SSL_CERT_DIR name, is all that is trusted.
"""

from __future__ import annotations

import functools
import os
from types import FunctionType, ModuleType
from typing import Any, Callable, List, Tuple

from . import anchors, latecomers
from .hook import MARK, nothing_worse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext

    MakesContext = Callable[..., SSLContext]

_OTHERWISE = (
    "httpx2 trusts only what it trusts by itself; upgrade certifi-system-store-wrapper, "
    "or set the variables that its shellenv prints"
)
_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_HTTPX2 = "httpx2._config"
# The signatures that we know: the number of positional arguments, and all names.
_KNOWN = ((0, ()), (0, ("_trust_env",)), (3, ("verify", "cert", "trust_env")))
# httpcore2's own function and ours.
_patched: List[Tuple[Callable[..., Any], Callable[..., Any]]] = []


def patch(module: ModuleType) -> None:
    """Have `httpcore2._ssl`, or `httpx2._config`, add what is in the bundle.

    Who has bound its function has ours, too.
    """
    nothing_worse(_OTHERWISE, _patch, module)


def _patch(module: ModuleType) -> None:
    is_httpx2 = module.__name__ == _HTTPX2
    own = module.create_ssl_context if is_httpx2 else module.default_ssl_context
    if hasattr(own, MARK) or (is_httpx2 and not _is_by_truststore(own)):
        return
    _refuse_unknown(own)
    ours = _create_ssl_context(own) if is_httpx2 else _default_ssl_context(own)
    _patched.append((own, ours))
    latecomers.rebind([(own, ours)])


def undo() -> None:
    """Give httpcore2 its own function back."""
    latecomers.rebind([(ours, own) for own, ours in _patched])
    _patched.clear()


def _is_by_truststore(function: MakesContext) -> bool:
    """Whether it imports truststore by itself, as that of httpx2 does in some releases."""
    return isinstance(function, FunctionType) and "truststore" in function.__code__.co_varnames


def _refuse_unknown(function: MakesContext) -> None:
    """Raise for a release that lets callers choose in another way than we know."""
    code = function.__code__ if isinstance(function, FunctionType) else None
    names = code and code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if (code and code.co_argcount, names) not in _KNOWN:
        raise TypeError(f"httpx2 is newer, its {code and code.co_name}{names} is not known")


def _default_ssl_context(own: MakesContext) -> MakesContext:
    @functools.wraps(own)
    def default_ssl_context(**named: bool) -> SSLContext:
        context = own(**named)
        if not _is_chosen(**named):
            _add_lacking(context)
        return context

    setattr(default_ssl_context, MARK, True)
    return default_ssl_context


def _create_ssl_context(own: MakesContext) -> MakesContext:
    @functools.wraps(own)
    def create_ssl_context(
        verify: object = True,  # noqa: FBT002 - it is httpx2's own
        cert: object = None,
        trust_env: bool = True,  # noqa: FBT001, FBT002
    ) -> SSLContext:
        context = own(verify, cert, trust_env)
        if verify is True and not _is_chosen(_trust_env=trust_env):
            _add_lacking(context)
        return context

    setattr(create_ssl_context, MARK, True)
    return create_ssl_context


def _add_lacking(context: SSLContext) -> None:
    # Its own methods: truststore keeps a context within the context.
    nothing_worse(_OTHERWISE, anchors.add_lacking, context, type(context))


def _is_chosen(*, _trust_env: bool = True) -> bool:
    """Whether httpcore2 loads what a variable names, and nothing else."""
    return _trust_env and any(os.environ.get(name) for name in _VARIABLES)
