"""What where() and contents() answer: a path to the published bundle, or certifi's own."""

from __future__ import annotations

import io
import os
from threading import RLock
from time import monotonic
from types import ModuleType
from typing import Callable, List, Optional, Set

from .. import publishing, reporting
from ..loading import Replaced, load
from ..machine.signals import foreign, interruptible, put_off, run_due
from ..publishing import Published, cleanup
from ..settings import DEBUG, WARNING, from_environment

# A thread waits for another one that builds the bundle: 120 times, half a second each.
_ATTEMPTS, _PATIENCE = 120, 0.5
# Where the classes of mocks are.
_MOCKS = ("unittest.mock", "mock.")
# Seconds after a failure, until the next where() tries again.
_PAUSE = 1.0
_NO_BUNDLE = (
    "no bundle can be published, so certifi's own list answers, without the system's and your "
    "own CAs, and without any distrust or restriction"
)


class Answer:
    """Answers for one copy of certifi: built on the first call, the same path from then on."""

    def __init__(self, certifi_file: Callable[[], str]) -> None:
        """Answer from `certifi_file()` and the other sources; on any failure from it alone."""
        self.certifi_file = certifi_file
        self._published: Optional[Published] = None
        # What answered until refresh() was called.
        self._refreshed: Optional[Published] = None
        # Every path that where() has returned, except certifi's own.
        self._ours: Set[str] = set()
        self._try_again = 0.0
        # Whether somebody has got certifi's own path, and may have kept it.
        self._gave_own = False
        # Whether certifi's own functions are replaced, wherever somebody has bound what replaces
        # them.
        self.is_on = False
        self.free()
        _answers.append(self)

    def free(self) -> None:
        """Make a lock that nobody holds: in a fork, the thread that held the old one is gone."""
        self._lock, self._is_building = RLock(), False

    def where(self) -> str:
        """Return the path of the bundle; certifi's own where there cannot be one."""
        published = self._published
        if not isinstance(os, ModuleType):
            # pyfakefs puts an object in its place. OpenSSL cannot read the files that it knows.
            return published.path if published else self._own()
        if published is not None and published.intact():
            return published.path
        return self._answered()

    def contents(self) -> Optional[str]:
        """Return the text of the bundle, None where certifi itself should answer."""
        path = self.where()
        if path not in self._ours:
            return None
        with put_off():
            try:
                with io.open(path, "rb") as file:  # noqa: UP020 - as certifi: tests replace open
                    text: bytes = interruptible(file.read)
                return text.decode("ascii", "backslashreplace")
            except OSError as error:
                message = f"{path} cannot be read, so certifi's own contents() answers: {error}"
                foreign(reporting.warning, message)
        return None

    def refresh(self) -> str:
        """Collect again; the old path stays good until exit. Return the new one, if any is new."""
        # One that was interrupted has put the old one aside already.
        self._refreshed = self._published or self._refreshed
        self._published, self._try_again = None, 0.0
        return self.where()

    def outlasting(self, *, take_over: bool = False) -> str:
        """Return the path of a bundle that outlives this process; raises OSError or LookupError.

        With `take_over` also where it belongs to other settings.
        """
        with put_off():
            settings, own = from_environment(), self.certifi_file()
            try:
                return publishing.publish_outlasting(settings, own, take_over=take_over).path
            finally:
                foreign(reporting.tell)

    def _answered(self) -> str:
        """Publish under the lock, with the application's signal handlers put off.

        While another thread holds the lock, they run twice a second.
        """
        with put_off():
            for _ in range(_ATTEMPTS):
                run_due()
                # The exit handlers have run, and nobody would remove a new bundle.
                if cleanup.is_over():
                    return self._own()
                # In a fork by a handler meanwhile, free() makes another one.
                lock = self._lock
                if lock.acquire(timeout=_PATIENCE):
                    return self._answered_under_lock(lock.release)
            message = "another thread has been building the bundle for a minute"
            foreign(reporting.warning, message)
            return self._own()

    def _own(self) -> str:
        """Return certifi's own path; requests, which keeps it, is told once there is a bundle."""
        self._gave_own = True
        return self.certifi_file()

    def _answered_under_lock(self, release: Callable[[], None]) -> str:
        """Answer, and log only after the lock is released: a log may wait for another thread."""
        if self._is_building:
            # This thread is building it, and a finalizer, a handler or a log asks meanwhile.
            release()
            return self._own()
        try:
            self._is_building = True
            return self._path()
        finally:
            self._is_building = False
            release()
            foreign(reporting.tell)

    def _path(self) -> str:
        """Return the path of what is published now; whatever goes wrong, certifi's own."""
        published = self._published
        try:
            if published and (publishing.is_intact(published) or publishing.is_healed(published)):
                return published.path
            _require_no_mocks()
            settings = from_environment()
            # Variables may have been set since certifi was imported.
            reporting.configure(settings)
            if not settings.sources or self._is_too_early():
                return self._own()
            published = publishing.publish(
                settings, self.certifi_file(), broken=published, refreshed=self._refreshed
            )
        except Exception as error:  # noqa: BLE001 - invariant 1: it cannot break the application
            published = self._refreshed
            if not published or not publishing.is_intact(published):
                return self._failed(error)
            message = f"nothing is collected again: {_reason(error)}"
            reporting.later(reporting.say_once, WARNING, message)
        self._ours.add(published.path)
        self._published, self._refreshed = published, None
        self._try_again = 0.0
        if self._gave_own and self.is_on:
            self._gave_own = False
            reporting.failure_of(_tell_requests, self.certifi_file, published.path)
        reporting.later(reporting.emit, DEBUG, f"certifi.where() answers {published.path}")
        return published.path

    def _is_too_early(self) -> bool:
        """Whether it failed within the last second; never by a clock that was frozen meanwhile."""
        return bool(self._try_again) and 0 < self._try_again - monotonic() < 2 * _PAUSE

    def _failed(self, error: Exception) -> str:
        """Return certifi's own path; the next attempt comes a second later, or at once.

        It comes at once where the caller's stack or memory was used up.
        """
        if not isinstance(error, (RecursionError, MemoryError)):
            self._try_again = monotonic() + _PAUSE
        reporting.later(reporting.say_once, WARNING, f"{_NO_BUNDLE}: {_reason(error)}")
        return self._own()


def _require_no_mocks() -> None:
    """Raise LookupError while a test of the application has a mock in the place of a function.

    What that answers says nothing of files, its calls are counted, and a descriptor that it
    returns is not ours to close.
    """
    for functions in (vars(os), vars(os.path)):
        for kind in set(map(type, functions.values())):
            if kind.__module__.startswith(_MOCKS):
                name = next(name for name, each in functions.items() if type(each) is kind)
                raise LookupError(f"{functions['__name__']}.{name} is mocked")


def _reason(error: Exception) -> str:
    if isinstance(error, publishing.NoPlace):
        return f"{error}; {error.remedy}"
    # These have a sentence of ours.
    return str(error) if type(error) in (LookupError, Replaced) else repr(error)


def _tell_requests(certifi_file: Callable[[], str], path: str) -> None:
    """Replace the path that requests has stored, and never asks for again."""
    load("activation.latecomers").refresh_requests(certifi_file, lambda: path)


_answers: List[Answer] = []


def _after_fork_in_child() -> None:
    """Replace the locks: the threads that held them do not exist in the child."""
    cleanup.after_fork_in_child()
    for answer in _answers:
        answer.free()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=cleanup.before_fork,
        after_in_parent=cleanup.after_fork,
        after_in_child=_after_fork_in_child,
    )
