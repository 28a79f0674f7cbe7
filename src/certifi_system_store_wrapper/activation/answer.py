"""What where() and contents() answer: a path to the published bundle, or certifi's own."""

from __future__ import annotations

import io
import os
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Callable, List, Optional, Set, Tuple, Union

from .. import bundle, reporting
from ..bundle import Bundle
from ..machine import signals, temporary_places
from ..publishing import cleanup, memory, persistent, temporary
from ..settings import DEBUG, WARNING, Settings, from_environment

_PATIENCE = 60.0  # seconds that a thread waits for another that builds the bundle
_DESCRIPTORS = 6  # free ones that publishing a bundle needs, with one to spare
_NO_BUNDLE = (
    "no bundle can be published, so certifi's own list answers, without the system's and your "
    "own CAs, and without any distrust or restriction"
)
_REMEDY = "Set PYTHON_CERTIFI_BUNDLE_DIR to a folder that only you can write to"

Published = Union[temporary.TemporaryBundle, memory.MemoryBundle, persistent.PersistentBundle]


class Answer:
    """Answers for one copy of certifi: built on the first call, the same path from then on."""

    def __init__(self, certifi_file: Callable[[], str]) -> None:
        """Answer from `certifi_file()` and the other sources; on any failure from it alone."""
        self._certifi_file = certifi_file
        self._published: Optional[Published] = None
        self._before: Optional[Published] = None  # what answered until refresh() was asked for
        self._ours: Set[str] = set()  # every path that has answered, but certifi's own
        self._failed = False
        self._lock = threading.RLock()
        if not _answers and hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=cleanup.before_fork,
                after_in_parent=cleanup.after_fork,
                after_in_child=_after_fork_in_child,
            )
        _answers.append(self)

    def where(self) -> str:
        """Return the path of the bundle; certifi's own where there cannot be one."""
        published = self._published
        if published is not None and published.intact():
            return published.path
        return self._certifi_file() if self._failed else self._guarded()

    def contents(self) -> Optional[str]:
        """Return the text of the bundle, None where certifi itself should answer."""
        path = self.where()
        if path not in self._ours:
            return None
        try:
            with io.open(path, "rb") as file:  # noqa: UP020 - as certifi: tests replace open
                return file.read().decode("ascii", "backslashreplace")
        except OSError as error:
            reporting.warning(
                f"{path} cannot be read, so certifi's own contents() answers: {error}"
            )
            return None

    def refresh(self) -> str:
        """Collect again; the old path stays good until exit. Return the new one, if any is new."""
        self._before, self._published, self._failed = self._published, None, False
        return self.where()

    def build(self, settings: Optional[Settings] = None) -> Bundle:
        """Return what would be in the bundle; see bundle.build()."""
        settings = settings or from_environment()
        return bundle.build(settings, self._certifi_file(), persistent.appended(settings))

    def _guarded(self) -> str:
        """Publish under the lock; whatever goes wrong, the answer is certifi's own.

        Nothing is logged under the lock: a handler may wait for a thread that waits for us.
        """
        lock, news = self._lock, _News()
        try:
            if not lock.acquire(timeout=_PATIENCE):
                news.say(WARNING, "another thread has been building the bundle for a minute")
                return self._certifi_file()
            if _is_building() or cleanup.is_over():
                return self._certifi_file()  # asked by a signal handler or finalizer, or too late
            return self._published_path(news)
        finally:
            try:  # noqa: SIM105 - a call into Python could be interrupted
                lock.release()
            except RuntimeError:  # interrupted before it was ours
                pass
            news.tell()

    def _published_path(self, news: _News) -> str:
        try:
            published = self._published
            if published is None or not (published.intact() or self._is_healed(published)):
                published = self._publish(published, news)
                self._keep(published)
        except _SaidBefore:
            self._failed = True
            return self._certifi_file()
        except Exception as error:  # noqa: BLE001 - invariant 1: it cannot break the application
            signals.raise_what_it_hides(error)
            self._failed = not _may_pass(error, self._certifi_file())
            remedy = f". {_REMEDY}" if isinstance(error, OSError) else ""
            news.warn_once(f"{_NO_BUNDLE}: {error!r}{remedy}")
            return self._certifi_file()
        else:
            return published.path

    def _keep(self, published: Published) -> None:
        self._ours.add(published.path)
        self._published = published

    @staticmethod
    def _is_healed(published: Published) -> bool:
        try:
            with signals.uninterrupted():
                return published.heal()
        except OSError:
            return False

    def _publish(self, lost: Optional[Published], news: _News) -> Published:
        settings = from_environment()
        if not settings.sources:
            raise _SaidBefore
        held = _held_text(lost)
        if held:  # after a chroot or setuid what it was made from may be out of reach
            return self._place(held, settings, news)
        if settings.bundle_dir or _is_certifis_command():
            return self._publish_persistent(settings, news)
        return self._publish_temporary(settings, news)

    def outlasting(self) -> str:
        """Return the path of a bundle that outlives this process; raises OSError or LookupError."""
        news = _News()
        try:
            return self._publish_anywhere(from_environment(), news).path
        finally:
            news.tell()

    def _publish_anywhere(self, settings: Settings, news: _News) -> persistent.PersistentBundle:
        return persistent.publish_anywhere(settings, self._certifi_file(), news.built)

    def _publish_persistent(self, settings: Settings, news: _News) -> Published:
        try:
            return self._publish_anywhere(settings, news)
        except OSError as error:
            if not settings.bundle_dir:
                raise
            problem = f"PYTHON_CERTIFI_BUNDLE_DIR cannot be used, another place is: {error}"
            news.warn_once(f"{problem}; name a folder that only you can write to")
        if _is_certifis_command():  # what it prints must be there when it has ended
            return self._publish_anywhere(settings._replace(bundle_dir=""), news)
        return self._publish_temporary(settings, news)

    def _publish_temporary(self, settings: Settings, news: _News) -> Published:
        built = self.build(settings)
        if not built.anchors:
            raise LookupError("no source of PYTHON_CERTIFI_SOURCES has a certificate")
        news.built[:] = [built]
        before, self._before = self._before, None
        if before is not None and before.intact() and _held_text(before) == built.text:
            return before
        return self._place(built.text, settings, news)

    def _place(self, text: bytes, settings: Settings, news: _News) -> Published:
        for place in temporary_places():
            try:
                with signals.uninterrupted():
                    published = temporary.create(place, text)
                    self._keep(published)  # also where Ctrl-C was put off until now
                    cleanup.register(published, handle_sigterm=settings.handle_sigterm)
            except OSError as error:
                news.say(DEBUG, f"{place} cannot take the bundle: {error}")
            else:
                return published
        return memory.create(text)


_answers: List[Answer] = []


def _held_text(published: Optional[Published]) -> bytes:
    """Return what a temporary bundle says that is still held, else b""."""
    return published.held_text() if isinstance(published, temporary.TemporaryBundle) else b""


def _may_pass(error: Exception, certifi_file: str) -> bool:
    """Whether the next question may be answered: the stack, memory or descriptors are used up.

    Or a test has taken files out of sight (pyfakefs), or replaced what asks for them.
    """
    if isinstance(error, (RecursionError, MemoryError)):
        return True
    opened: List[int] = []
    try:
        while len(opened) < _DESCRIPTORS:
            opened.extend(os.pipe())  # needs no file, which a chroot may lack
        return not os.path.exists(certifi_file)
    except Exception:  # noqa: BLE001 - of a mock, too
        return True
    finally:
        with suppress(Exception):
            for descriptor in opened:
                os.close(descriptor)


def _is_building() -> bool:
    """Whether this interrupts the building of a bundle; a flag might outlive an interruption."""
    frame: Optional[FrameType] = sys._getframe(1)  # noqa: SLF001 - documented, if not for all
    while frame and not (
        frame.f_code.co_name == "_published_path" and frame.f_globals is globals()
    ):
        frame = frame.f_back
    return frame is not None


class _SaidBefore(Exception):
    """There is no bundle, and what was wrong with the variables says why."""


class _News:
    """What is to be logged when the lock is no more ours."""

    def __init__(self) -> None:
        self.built: List[Bundle] = []
        self._said: List[Tuple[int, str]] = []

    def say(self, level: int, message: str) -> None:
        self._said.append((level, message))

    def warn_once(self, message: str) -> None:
        if reporting.is_news(message):
            self.say(WARNING, message)

    def tell(self) -> None:
        reporting.tell()
        for level, message in self._said:
            reporting.emit(level, message)
        for one in self.built:
            reporting.report(one.problems, one.excluded)
            reporting.debug(f"the bundle has {len(one.anchors)} certificates")


def _is_certifis_command() -> bool:
    """Whether this is ``python -m certifi``, whose path must outlive the process."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return getattr(spec, "name", "") in ("certifi.__main__", "pip._vendor.certifi.__main__")


def _after_fork_in_child() -> None:
    """Locks that other threads of the parent held are nobody's here."""
    cleanup.after_fork_in_child()
    for answer in _answers:
        answer._lock = threading.RLock()  # noqa: SLF001 - our own
