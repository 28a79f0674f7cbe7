"""What where() and contents() answer: a path to the published bundle, or certifi's own."""

from __future__ import annotations

import os
import sys
import threading
from typing import Callable, List, Optional, Union

from . import bundle, bundle_file, cleanup, log, memory_file, persistent, places
from .bundle import Bundle
from .findings import DEBUG, WARNING
from .settings import Settings, from_environment

_PATIENCE = 60.0  # seconds that a thread waits for another that builds the bundle

Published = Union[bundle_file.TemporaryBundle, memory_file.MemoryBundle, persistent.PersistentBundle]

_answers: List["Answer"] = []


class Answer:
    """Answers for one copy of certifi: built on the first call, the same path from then on."""

    def __init__(self, certifi_file: Callable[[], str]) -> None:
        """Answer from `certifi_file()` and the other sources; on any failure from it alone."""
        self._certifi_file = certifi_file
        self._published: Optional[Published] = None
        self._failed = False
        self._lock, self._building = threading.RLock(), False
        if not _answers and hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_after_fork_in_child)
        _answers.append(self)

    def where(self) -> str:
        """Return the path of the bundle; certifi's own where there cannot be one."""
        published = self._published
        if published is not None and published.intact():
            return published.path
        return self._certifi_file() if self._failed else self._guarded(self._publish)

    def contents(self) -> Optional[str]:
        """Return the text of the bundle, None where certifi's own contents() should answer."""
        path = self.where()
        if self._published is None:
            return None
        try:
            with open(path, encoding="ascii") as file:
                return file.read()
        except (OSError, ValueError) as error:
            log.warning(f"{path} cannot be read, so certifi's own contents() answers: {error}")
            return None

    def refresh(self) -> str:
        """Collect again; the old path stays good until exit. Return the new one."""
        self._published, self._failed = None, False
        return self.where()

    def build(self, settings: Optional[Settings] = None) -> Bundle:
        """Return what would be in the bundle; see bundle.build()."""
        return bundle.build(settings or from_environment(), self._certifi_file())

    def _guarded(self, publish: Callable[[List[Bundle]], Published]) -> str:
        """Publish under the lock; whatever goes wrong, the answer is certifi's own."""
        if not self._lock.acquire(timeout=_PATIENCE):
            log.warning("another thread has been building the bundle for a minute; not waiting")
            return self._certifi_file()
        built: List[Bundle] = []
        try:
            if self._building:  # a signal handler or finalizer interrupted us with a question
                return self._certifi_file()
            self._building = True
            try:
                if self._published is None or not self._published.intact():
                    self._published = publish(built)
            finally:
                self._building = False
            path = self._published.path
        except Exception as error:  # noqa: BLE001 - invariant 1: it cannot break the application
            self._failed, self._published = True, None
            path = self._certifi_file()
            log.warning(
                f"no bundle can be published, so certifi's own list answers, without the system's "
                f"and your own CAs, and without any distrust or restriction: {error!r}. "
                "Set PYTHON_CERTIFI_BUNDLE_DIR to a folder that only you can write to."
            )
        finally:
            self._lock.release()
        for one in built:
            report(one)
        return path

    def _publish(self, built: List[Bundle]) -> Published:
        if self._published is not None:
            healed = self._heal(self._published)
            if healed:
                return self._published
        settings = from_environment()
        if settings.bundle_dir or _is_certifis_command():
            return self._publish_persistent(settings, built)
        return self._publish_temporary(settings, built)

    def _heal(self, published: Published) -> bool:
        try:
            with cleanup.uninterrupted():
                return published.heal()
        except (OSError, bundle_file.Swept):
            return False

    def _publish_persistent(self, settings: Settings, built: List[Bundle]) -> Published:
        failures = []
        for folder in persistent.folders(settings):
            try:
                return persistent.publish(folder, settings, self._certifi_file(), built)
            except OSError as error:
                failures.append(f"{folder}: {error}")
        if settings.bundle_dir:
            log.warning(
                f"PYTHON_CERTIFI_BUNDLE_DIR cannot be used, a temporary bundle is: {failures[0]}"
            )
            return self._publish_temporary(settings, built)
        raise OSError("; ".join(failures))

    def _publish_temporary(self, settings: Settings, built: List[Bundle]) -> Published:
        built[:] = [self.build(settings)]
        if not built[0].anchors:
            message = "no source has a certificate"
            raise LookupError(message)
        text = built[0].text
        for place in places.temporary_places():
            try:
                with cleanup.uninterrupted():
                    published = bundle_file.create(place, text)
                    handle = settings.handle_sigterm
                    cleanup.register(published, handle_sigterm=handle)
            except OSError as error:
                log.debug(f"{place} cannot take the bundle: {error}")
            else:
                return published
        return memory_file.create(text)


def report(built: Bundle) -> None:
    """Log what was left out and what could not be used."""
    for problem in built.problems:
        log.emit(problem.level, str(problem))
    if not log.enabled(DEBUG):
        return
    for out in built.excluded:
        detail = f" ({out.detail})" if out.detail else ""
        level = min(out.level, WARNING - 10)  # the warning, where one is due, is a problem
        log.emit(level, f"{out.origin.path}: left out: {out.reason}{detail}")
    log.debug(f"the bundle has {len(built.anchors)} certificates")


def _is_certifis_command() -> bool:
    """Whether this is ``python -m certifi``, whose path must outlive the process."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return getattr(spec, "name", "") in ("certifi.__main__", "pip._vendor.certifi.__main__")


def _after_fork_in_child() -> None:
    """Locks that other threads of the parent held are nobody's here."""
    cleanup.after_fork_in_child()
    for answer in _answers:
        answer._lock, answer._building = threading.RLock(), False  # noqa: SLF001 - our own
