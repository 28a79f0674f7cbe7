"""One copy of certifi, patched: its where() and contents() answer from our bundle."""

from __future__ import annotations

import functools
import os
import sys
from contextlib import suppress
from types import FunctionType, ModuleType
from typing import Callable, List, Optional, Tuple

from ..machine.signals import put_off
from .answer import Answer

Function = Callable[[], str]

_FUNCTIONS = ("where", "contents")
# All names that where() of certifi 2017 to 2026 uses: one that uses others was changed.
_OWN_NAMES = frozenset((
    "os", "path", "dirname", "join", "__file__", "get_path", "files", "joinpath", "as_file", "str",
    "__enter__", "atexit", "register", "exit_cacert_ctx", "_CACERT_CTX", "_CACERT_PATH",
))  # fmt: skip


class Patch:
    """One copy of certifi: its own functions, and the functions that replace them."""

    def __init__(self, certifi: ModuleType, previous: Optional[Patch] = None) -> None:
        """Prepare the replacements; they go on with the answer of `previous`, if there is one.

        One that was made while pyfakefs replaced modules is of another class, and is left: it
        knows no real file.
        """
        self.certifi = certifi
        self._has_file = False
        # certifi before 2020 has no contents(); another module named certifi may have neither.
        names = [name for name in _FUNCTIONS if callable(getattr(certifi, name, None))]
        self.originals = {name: _original(certifi, name) for name in names}
        known = previous.answer if previous else None
        self.answer: Answer = known if isinstance(known, Answer) else Answer(self._certifi_file)
        answers = {"where": self.answer.where, "contents": self._contents}
        self.replacements = {
            name: _replacement(self.originals[name], answers[name], self.answer) for name in names
        }

    def apply(self) -> None:
        """Put the replacements into certifi and certifi.core."""
        self.answer.is_on = True
        for module in _modules(self.certifi):
            for name, replacement in self.replacements.items():
                if self._may_replace(getattr(module, name, None), name):
                    setattr(module, name, replacement)

    def is_active(self) -> bool:
        """Whether certifi.where() asks us."""
        return self.answer.is_on and _is_marked(vars(self.certifi).get("where"))

    def _may_replace(self, function: object, name: str) -> bool:
        """Whether the function is certifi's or ours; one that the application put there stays."""
        core = sys.modules.get(self.certifi.__name__ + ".core")
        # A reloaded core has new ones. What wraps them has their __module__, but not their names.
        is_reloaded = core is not None and getattr(function, "__globals__", None) is vars(core)
        return function is self.originals[name] or is_reloaded or _is_replacement(function)

    def undo(self) -> List[Tuple[Function, Function]]:
        """Put certifi's own functions back; return ours, which call these now, with certifi's."""
        self.answer.is_on = False
        for module in _modules(self.certifi):
            for name, original in self.originals.items():
                if getattr(module, name, None) is self.replacements[name]:
                    setattr(module, name, original)
        return [(ours, own) for own, ours in self.pairs()]

    def pairs(self) -> List[Tuple[Function, Function]]:
        """Return certifi's own functions with what answers instead."""
        return [(self.originals[name], self.replacements[name]) for name in self.originals]

    def _certifi_file(self) -> str:
        """Return certifi's own answer; asking certifi costs 3 ms, looking beside it nothing."""
        beside = None
        # Tests replace functions such as os.path.isfile, which may raise then.
        with put_off(), suppress(Exception):
            beside = self._beside_certifi()
            if beside and self._is_the_answer(beside):
                return beside
        own = self.originals.get("where") or self.certifi.where
        try:
            return own()
        except FileNotFoundError:
            # Only before Python 3.11: later ones name a file that does not exist.
            if beside is None:
                raise
            return beside

    def _beside_certifi(self) -> Optional[str]:
        folder = os.path.dirname(getattr(self.certifi, "__file__", None) or "")
        return os.path.join(folder, "cacert.pem") if folder else None

    def _is_the_answer(self, beside: str) -> bool:
        if not _is_certifis_own(self.originals["where"]):
            return False
        # certifi keeps its answer, too: after a chroot the file could not be found.
        self._has_file = self._has_file or os.path.isfile(beside)
        return self._has_file

    def _contents(self) -> str:
        text = self.answer.contents()
        try:
            return self.originals["contents"]() if text is None else text
        except ImportError:
            # After a chroot certifi cannot import what it reads its file with.
            with open(self._certifi_file(), encoding="ascii") as file:
                return file.read()


def _is_certifis_own(where: Function) -> bool:
    """Whether `where` is certifi's own, unchanged, and returns the cacert.pem beside it."""
    if type(where) is not FunctionType or where.__globals__.get("_CACERT_PATH"):
        # Asked by its type, because wrapt's FunctionWrapper has the __code__ of what it wraps.
        return False
    code = where.__code__
    return "cacert.pem" in code.co_consts and _OWN_NAMES.issuperset(code.co_names)


def _modules(certifi: ModuleType) -> List[ModuleType]:
    core = sys.modules.get(certifi.__name__ + ".core")
    return [module for module in (core, certifi) if module is not None]


def _original(certifi: ModuleType, name: str) -> Function:
    """Return certifi's own function, also where an earlier patch of ours stands before it."""
    function: Function = getattr(certifi, name)
    while _is_marked(function):
        function = function.__wrapped__  # type: ignore[attr-defined]
    return function


def _is_marked(function: object) -> bool:
    """Whether it is ours, or the application has wrapped it around ours by functools.wraps."""
    # Compared with True, because a mock has every attribute.
    return getattr(function, "__certifi_system_store_wrapper__", None) is True


def _is_replacement(function: object) -> bool:
    """Whether it is ours, maybe of an earlier patch."""
    return _is_marked(function) and not _is_marked(function.__wrapped__)  # type: ignore[attr-defined]


def _replacement(original: Callable[..., str], answer: Function, state: Answer) -> Function:
    """Return a plain function that looks like the original, so it pickles by reference.

    certifi's own takes no arguments. Where the caller passed some, the original answers: it is a
    module of somebody else that is named certifi, too. So it does where `state` is off.
    """

    @functools.wraps(original)
    def replacement(*arguments: object, **named: object) -> str:
        if arguments or named or not state.is_on:
            return original(*arguments, **named)
        return answer()

    replacement.__certifi_system_store_wrapper__ = True  # type: ignore[attr-defined]
    return replacement
