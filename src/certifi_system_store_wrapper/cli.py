"""The command line: standard library only, because TLS may be broken where it is needed."""

from __future__ import annotations

import argparse
import os
import sys
from hashlib import sha256
from typing import Iterator, List, Optional, Sequence

from . import __version__, bootstrap, hook
from .bundle import Bundle
from .certificates import der_of
from .findings import INFO, MALFORMED, WARNING, Exclusion
from .printable import printable
from .settings import Settings, from_environment

_WIDTH = 10


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command; return 0 where all is well, 1 where a problem was found, 2 for usage."""
    parser = argparse.ArgumentParser(prog="certifi-system-store-wrapper", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("command", nargs="?", default="status", choices=["status"])
    parser.parse_args(arguments)
    try:
        return status()
    except ImportError as error:
        sys.stderr.write(printable(f"certifi cannot be imported here: {error}; install it") + "\n")
        return 1
    except BrokenPipeError:  # `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def status() -> int:
    """Print what certifi answers here, what is in it, and what was left out and why."""
    settings = from_environment()
    built = hook.current().build(settings)
    lines = [f"certifi-system-store-wrapper {__version__}", *_activity(settings)]
    lines += ["", *_sources(built, settings), *_left_out(built), *_problems(built)]
    for line in lines:
        sys.stdout.write(_encodable(line) + "\n")
    sys.stdout.flush()
    serious = [problem for problem in built.problems if problem.level >= WARNING]
    return 1 if serious or settings.problems or not hook.is_active() else 0


def _encodable(line: str) -> str:
    """Return the line, printable, as far as the encoding of stdout has its characters."""
    encoding = sys.stdout.encoding or "ascii"
    return printable(line).encode(encoding, "backslashreplace").decode(encoding)


def _activity(settings: Settings) -> Iterator[str]:
    if hook.is_active():
        yield _row("active", "certifi answers from the bundle")
    else:
        yield _row("inactive", _why_not(settings))
    yield _row("python", sys.executable or "unknown")
    if not hook.is_active():
        return
    yield _row("bundle", hook.current().where())
    if not settings.bundle_dir:
        yield _row("", "(temporary: every process has its own, and it goes with it)")
    for problem in settings.problems:
        yield _row("problem", problem)


def _why_not(settings: Settings) -> str:
    if settings.disable:
        return "PYTHON_CERTIFI_DISABLE is set"
    if sys.flags.no_site:
        return "python -S does not run start-up files"
    if bootstrap.failures:
        return "; ".join(bootstrap.failures)
    return (
        "the start-up file certifi_system_store_wrapper.pth did not run: install this package "
        "with pip into the environment of this Python, or call "
        "certifi_system_store_wrapper.activate()"
    )


def _sources(built: Bundle, settings: Settings) -> Iterator[str]:
    yield _row("source", "certificates  only there")
    for source in settings.sources:
        here = [a for a in built.anchors if any(o.source == source for o in a.origins)]
        alone = [a for a in here if all(o.source == source for o in a.origins)]
        yield _row(source, f"{len(here):12}  {len(alone):10}")
    yield _row("together", f"{len(built.anchors):12}")


def _left_out(built: Bundle) -> Iterator[str]:
    if built.excluded:
        yield ""
    for out in built.excluded:
        detail = f" ({out.detail})" if out.detail else ""
        yield _row("left out", f"{_fingerprint(out)} of {out.origin.path}: {out.reason}{detail}")


def _fingerprint(out: Exclusion) -> str:
    try:
        data = der_of(out.block)
    except ValueError:
        data = out.block
    short = sha256(data).hexdigest()
    return f"SHA-256 {short}" if out.reason != MALFORMED else f"bytes with SHA-256 {short}"


def _problems(built: Bundle) -> List[str]:
    told = [problem for problem in built.problems if problem.level >= INFO]
    rows = [_row("problem" if p.level >= WARNING else "note", str(p)) for p in told]
    return ["", *rows] if rows else []


def _row(label: str, text: str) -> str:
    return f"{label:{_WIDTH}}{text}"
