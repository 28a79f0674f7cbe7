"""Imports point one way, so that every line of code knows its room."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator, List, Set, Tuple

import pytest

import certifi_system_store_wrapper

PACKAGE = Path(certifi_system_store_wrapper.__file__).parent
# Lower numbers know nothing of higher ones; equals do not know each other, but for families.
LAYERS = [
    ["record"],
    ["findings", "printable", "asn1", "pem", "mapping", "signals"],
    ["formats", "inputs", "strict_der"],
    ["x509"],
    ["binary"],
    [
        "certificates",
        "ownership",
        "settings",
        "places",
        "openssl",
        "hold",
        "system_store.unix_paths",
    ],
    ["system_store.macos_security", "system_store.macos_trust_settings"],
    ["reader", "log_handlers", "log", "writing"],
    ["files", "bundle_file", "memory_file", "stored"],
    ["cleanup", "pristine", "system_store.unix", "system_store.macos", "system_store.windows"],
    ["system_store.__init__", "sources"],
    ["bundle"],
    ["persistent"],
    ["answer"],
    ["patch"],
    ["late_activation", "ssl_defaults"],
    ["bootstrap", "import_lock", "hook"],
    ["api"],
    [
        "commands.output",
        "commands.manual",
        "commands.describe",
        "commands.strict",
        "commands.target",
    ],
    [
        "commands.variables",
        "commands.clients",
        "commands.checks",
        "commands.route",
        "commands.looking",
    ],
    ["commands.named"],
    ["commands.chain", "commands.handshake", "commands.status"],
    ["commands.handover", "commands.drop", "commands.listing", "commands.view"],
    [
        "commands.missing_issuer",
        "commands.failures",
        "commands.installation",
        "commands.start_up",
        "commands.user_cas",
    ],
    ["commands.causes", "commands.doctor"],
    ["commands.host"],
    ["cli"],
    ["__main__"],
]
FAMILIES = [
    {"log", "log_handlers"},  # one room in two files: the second is loaded when there is news
    {"system_store.__init__", "sources"},
    {"bootstrap", "import_lock", "hook"},  # the start hands over, and the end takes the finder away
    {"system_store.macos_security", "system_store.macos_trust_settings"},
]
PARSERS = ["asn1", "strict_der", "x509", "pem", "binary", "formats", "certificates"]
# Who alone may know what is heavy, foreign or dangerous.
ALONE = {
    "wrapt": {"hook"},
    "wincertstore": {"system_store.windows"},
    "_ssl": {"openssl"},
    "fcntl": {"hold"},
    "_imp": {"import_lock"},
    "logging": {"log", "log_handlers", "bootstrap"},
    "_signal": {"signals"},
    "subprocess": {"system_store.macos_security"},
    "ctypes": {"mapping"},
    "socket": {"commands.route", "commands.handshake"},
}


def modules() -> List[str]:
    """Return every module of the package, relative to it."""
    paths = (path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py"))
    ours = (path for path in paths if path.parts[0] not in ("__init__", "_pyinstaller"))
    return sorted(".".join(path.parts) for path in ours)


def imports(module: str) -> Iterator[Tuple[int, str]]:
    """Yield (dots, dotted name) for everything that the module imports, wherever it does."""
    tree = ast.parse((PACKAGE / (module.replace(".", "/") + ".py")).read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.level, f"{node.module}.{alias.name}" if node.module else alias.name


def foreigners(module: str) -> Set[str]:
    """Return the top-level names of what the module imports from elsewhere."""
    return {name.split(".")[0] for dots, name in imports(module) if not dots}


def ours(module: str) -> Iterator[str]:
    """Yield the modules of the package that the module imports."""
    parent = module.rpartition(".")[0]
    for dots, name in imports(module):
        if not dots:
            continue
        base = parent + "." if parent and dots == 1 else ""
        for candidate in (base + name, (base + name).rpartition(".")[0]):
            found = f"{candidate}.__init__" if candidate == "system_store" else candidate
            if found in modules() and found != module:
                yield found
                break


def layer(module: str) -> int:
    """Return the layer of a module; a new module has to be given one."""
    return next(number for number, names in enumerate(LAYERS) if module in names)


@pytest.mark.parametrize("module", modules())
def test_imports_point_downwards(module: str) -> None:
    """What starts the interpreter knows nothing of certificates, what parses opens no file."""
    for other in ours(module):
        family = any({module, other} <= family for family in FAMILIES)
        assert family or layer(other) < layer(module), f"{module} imports {other}"


@pytest.mark.parametrize("foreign", ALONE)
def test_one_place_knows(foreign: str) -> None:
    """What is heavy or foreign is imported in its one place."""
    knowing = {module for module in modules() if foreign in foreigners(module)}
    assert knowing == ALONE[foreign]


@pytest.mark.parametrize("module", PARSERS)
def test_what_parses_opens_no_file(module: str) -> None:
    """Bytes in, certificates out: no operating system in between."""
    assert not foreigners(module) & {"os", "io", "pathlib"}


@pytest.mark.parametrize("platform", ["unix", "macos", "windows"])
def test_platforms_do_not_mention_each_other(platform: str) -> None:
    """One platform's file never imports another's."""
    others = {"unix", "macos", "windows"} - {platform}
    for module in (m for m in modules() if m.startswith(f"system_store.{platform}")):
        assert not [o for o in ours(module) if o.split(".")[-1].split("_")[0] in others]


def test_the_bootstrap_is_short() -> None:
    """Whoever audits the interpreter's start reads one page."""
    text = (PACKAGE / "bootstrap.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 80
    names = {name for dots, name in imports("bootstrap") if not dots}
    assert names == {"atexit", "sys", "logging"}
