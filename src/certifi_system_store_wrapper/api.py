"""The public functions. Nobody needs them to be helped: installing is enough."""

from __future__ import annotations

# Unused here: bootstrap looks for it, and an embedded interpreter may not have loaded it yet.
import os  # noqa: F401
import sys
from typing import Optional

from . import bootstrap
from .activation import hook
from .loading import load
from .machine.signals import put_off
from .settings import Settings, from_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .bundle import Bundle


def where() -> str:
    """Return the path of the bundle, as certifi.where() does while we are active.

    The path is absolute and stays good for the life of this process and its forks. Where no
    bundle can be published it is certifi's own. Raises what certifi.where() raises;
    ImportError, as all that answer here, where there is no certifi.
    """
    return hook.current().where()


def contents() -> str:
    """Return the text of the bundle: PEM, pure ASCII, as certifi.contents() does.

    Raises OSError where not even certifi's own file can be read.
    """
    text = hook.current().contents()
    if text is not None:
        return text
    with open(hook.current().where(), encoding="ascii") as file:
        return file.read()


def build(settings: Optional[Settings] = None) -> Bundle:
    """Return what would be in the bundle, with provenance, exclusions and problems.

    Reads the sources now and publishes nothing. `settings` are by default those of the
    environment (``settings.from_environment()``); raises TypeError for anything else, and
    ImportError where pip has replaced this package since the process began.
    """
    if not isinstance(settings, (Settings, type(None))):
        raise TypeError(f"settings must be Settings or None, not {type(settings).__name__}")
    with put_off():
        certifi_file = hook.current().certifi_file()
        built: Bundle = load("publishing.storing").build(
            settings or from_environment(), certifi_file
        )
        return built


def activate() -> None:
    """Make certifi answer from the bundle; for where start-up files do not run.

    Zip applications, ``--target`` folders, embedded and frozen interpreters. Idempotent. Names
    already bound elsewhere (``from certifi import where``) answer from the bundle too.
    """
    hook.is_off = False
    bootstrap.go_first()


def deactivate() -> None:
    """Give certifi its own functions back, until activate(); what is imported later keeps its own.

    Paths that were handed out stay good until exit. Idempotent. The functions of this module answer
    from the bundle all the same. Raises ImportError where pip has replaced this package since the
    process began.
    """
    with put_off():
        hook.unpatch()
        sys.meta_path = [each for each in sys.meta_path if each is not bootstrap.Finder]


def refresh() -> str:
    """Collect again and return the new path; the old one stays good until exit.

    It is the old one where nothing has changed, or the bundle is persistent.
    """
    return hook.current().refresh()
