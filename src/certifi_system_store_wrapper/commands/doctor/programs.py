"""Well-known programs on PATH that have an environment of their own, and what helps them."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Iterator, NamedTuple, Optional

from ...settings import Settings
from .. import environment
from ..environment import NAME, Environment
from ..output import Finding, note
from . import clients


class Program(NamedTuple):
    """A program and the distribution that it belongs to."""

    name: str
    distribution: str


_PROGRAMS = (
    Program("ansible", "ansible-core"),
    Program("az", "azure-cli-core"),
    Program("conda", "conda"),
    Program("pipenv", "pipenv"),
    Program("poetry", "poetry"),
)
_GCLOUD = "gcloud has a Python and a certifi of its own"
_FOR_GCLOUD = (
    f"use the variables that shellenv prints, or `gcloud config set core/custom_ca_certs_file` "
    f"with what `{NAME} export` prints"
)


def findings(settings: Settings) -> Iterator[Finding]:
    """Report each program that another environment runs; nothing is executed."""
    for program in _PROGRAMS:
        path = shutil.which(program.name)
        there = _environment(path) if path else None
        if there and os.path.realpath(there.prefix) != os.path.realpath(sys.prefix):
            yield _finding(program, there, settings)
    if shutil.which("gcloud"):
        yield note("programs", _GCLOUD, _FOR_GCLOUD)


def _finding(program: Program, there: Environment, settings: Settings) -> Finding:
    kind = clients.kind_of(program.distribution)
    said = f"{program.name} has an environment of its own, {there.prefix}: it {kind}"
    reason = environment.why_inactive(there)
    helped = clients.helped_by(kind, ssl_defaults=settings.ssl_defaults)
    if kind != clients.VARIABLES and reason:
        return note("programs", f"{said}; {reason}", environment.install_command(there))
    return Finding("ok", "programs", said, helped)


def _environment(path: str) -> Optional[Environment]:
    """Return the environment of a program, None if none can be told."""
    try:
        return environment.read(path)
    except OSError:
        return None
