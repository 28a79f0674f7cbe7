"""Check the variables and settings that replace the roots of clients: what they name, and lack."""

from __future__ import annotations

import os
from typing import Dict, Iterator, List, Optional, Set

from ...activation import ssl_contexts
from ...bundle import Bundle
from ...parsing.pem import der_of
from ...publishing import lasting
from ...settings import CERTIFI, from_environment
from .. import describe, trusts
from ..output import Finding, note, problem
from ..trusts import Root, Setting, Trust, look
from .user_cas import users_own

# A file with fewer of certifi's roots than one in so many was not made to have all of them.
_FEW = 10
_PRINTED = "what `certifi-system-store-wrapper export` prints"


def findings(
    found: List[Trust], built: Bundle, refusals: Optional[Dict[Setting, str]] = None
) -> Iterator[Finding]:
    """Report what is wrong with each setting, and what it refuses."""
    ours = _bundles_of_ours(found)
    yield from _freshness(ours, built)
    told: Dict[Setting, List[Trust]] = {}
    for trust in found:
        for setting in trust.settings:
            told.setdefault(setting, []).append(trust)
    for setting, obeying in told.items():
        if setting.value not in ours:
            refusal = (refusals or {}).get(setting, "")
            is_trusted = refusals is not None and not refusal
            faults = list(_faults(setting, obeying))
            faults = faults or list(_lacks(setting, obeying, built, is_trusted=is_trusted))
            # A file that cannot be used refuses everybody.
            faults = faults or list(filter(None, [refusal]))
            yield _of_setting(setting, obeying, faults, is_refused=bool(refusal))


def _called(setting: Setting) -> str:
    """Return the setting as a sentence begins: with its file, or its value."""
    if setting.place:
        value = f" = {setting.value}" if setting.value else ""
        return f"{setting.place}: {setting.name}{value}"
    return f"{setting.name}={setting.value}"


def _remedy(setting: Setting, obeying: List[Trust]) -> str:
    """Return how to get rid of it, or to make it right."""
    without = f"take it out of {setting.place}" if setting.place else f"unset {setting.name}"
    if any(trust.checks_nothing for trust in obeying):
        return f"{without}, and `add` the CA for which it was set"
    if not any(trust.roots for trust in obeying):
        is_line = setting.place and not setting.value
        return f"correct that line of {setting.place}" if is_line else without
    return f"{without}, or {'let it name' if setting.place else 'set it to'} {_PRINTED}"


def _is_problem(setting: Setting, obeying: List[Trust], *, is_refused: bool) -> bool:
    """Whether it concerns somebody here: a client, or for a variable any program at all."""
    concerned = [t for t in obeying if t.clients or not (setting.place or t.only)]
    return any(is_refused or _is_fault_of(trust) for trust in concerned)


def _is_fault_of(trust: Trust) -> bool:
    """Whether what is wrong with its setting harms it.

    A file for one repository or command may well lack what others have.
    """
    if not (trust.only or trust.host):
        return True
    is_unchecked = trust.checks_nothing and not trust.host
    return is_unchecked or any(look.at(root).fault for root in trust.roots)


def _of_setting(
    setting: Setting, obeying: List[Trust], faults: List[str], *, is_refused: bool
) -> Finding:
    kind = "variable" if not setting.place else setting.readers.split(" ", 1)[0]
    clients = dict.fromkeys(client for trust in obeying for client in trust.clients)
    who = [*clients, *dict.fromkeys(filter(None, (trust.only for trust in obeying)))]
    reader = f" ({', '.join(who)})" if who else ""
    message = "; ".join(dict.fromkeys([f"{_called(setting)}: {setting.readers}{reader}", *faults]))
    if not faults:
        return note(kind, message)
    level = problem if _is_problem(setting, obeying, is_refused=is_refused) else note
    return level(kind, message, _remedy(setting, obeying))


def _faults(setting: Setting, obeying: List[Trust]) -> Iterator[str]:
    """Yield why what it names cannot be used, or that nothing is checked."""
    yield from dict.fromkeys(trust.fault for trust in obeying if trust.fault)
    if any(trust.checks_nothing for trust in obeying):
        yield "it switches every check off: anybody may read along"
    yield from filter(None, (look.at(root).fault for root in _named(setting, obeying)))


def _lacks(
    setting: Setting, obeying: List[Trust], built: Bundle, *, is_trusted: bool
) -> Iterator[str]:
    """Yield what is missing in what it names.

    The user's CA is not missed where the server that was asked `is_trusted` without, or where all
    who read that trust the bundle beside it.
    """
    is_beside = all(Root(trusts.BUNDLE) in trust.roots for trust in obeying)
    for root in _named(setting, obeying):
        seen = look.at(root)
        if not (is_trusted or is_beside or _is_added_to(root)):
            yield from _lost(built, seen)
        if any(_replaces_all(trust, setting) for trust in obeying):
            yield from _few(built, seen)


def _named(setting: Setting, obeying: List[Trust]) -> List[Root]:
    """Return the files and folders that it names, each once."""
    roots = [root for trust in obeying for root in trust.roots if setting.names(root)]
    return list(dict.fromkeys(roots))


def _is_added_to(root: Root) -> bool:
    """Whether PYTHON_CERTIFI_SSL_DEFAULTS adds the bundle to what this names."""
    is_on = from_environment().ssl_defaults and root.kind not in trusts.READ_PAST_SSL
    return is_on and ssl_contexts.is_the_systems(root.path)


def _replaces_all(trust: Trust, setting: Setting) -> bool:
    """Whether that trust is to be good for every server, and has no other roots.

    OpenSSL's own variables replace one half of its defaults; only some clients take them for all.
    """
    is_half = setting.name in ("SSL_CERT_FILE", "SSL_CERT_DIR") and not trust.clients
    return len(trust.roots) == 1 and not trust.only and not is_half


def _lost(built: Bundle, seen: look.Look) -> Iterator[str]:
    """Yield which of the user's CAs the file lacks first."""
    blocks = seen.blocks
    lost = [a for a in users_own(built) if blocks is not None and a.block not in blocks]
    if lost:
        yield f"your CA {describe.certificate(lost[0].der)['subject']} is not in it"


def _few(built: Bundle, seen: look.Look) -> Iterator[str]:
    """Yield that the public roots are missing, if they are."""
    public = {a.block for a in built.anchors if any(o.source == CERTIFI for o in a.origins)}
    count = seen.certificates if seen.blocks is None else len(seen.blocks & public)
    if count * _FEW < len(public):
        belong = f"where {len(public)} public roots belong, so every public server is refused"
        yield f"it has {seen.certificates} certificate{'s' * (seen.certificates != 1)} {belong}"


def _bundles_of_ours(found: List[Trust]) -> Dict[str, List[str]]:
    """Return which settings name a bundle that this environment prints, by its path."""
    named: Dict[str, List[str]] = {}
    for setting in dict.fromkeys(setting for trust in found for setting in trust.settings):
        named.setdefault(setting.value, []).append(setting.name)
    own = [each.path for each in lasting.found(from_environment(), named) if each.is_own]
    return {path: names for path, names in named.items() if path and os.path.realpath(path) in own}


def _freshness(ours: Dict[str, List[str]], built: Bundle) -> Iterator[Finding]:
    """Report whether the bundles of this environment are up to date, each once."""
    blocks = {anchor.block for anchor in built.anchors}
    for path, names in ours.items():
        there = look.at(trusts.Root(trusts.FILE, path)).blocks or set()
        who = ", ".join(names)
        # A person may have appended it to a copy of ours.
        kept = [block for each in lasting.found(from_environment(), [path]) for block in each.kept]
        if there == blocks:
            yield Finding("ok", "printed", f"{path} is up to date: {who}")
        else:
            yield problem(
                "printed",
                f"{path} is out of date: {_difference(there, blocks)} ({who})",
                "certifi-system-store-wrapper export"
                if (there - blocks).isdisjoint(kept)
                else "copy what was appended out of it, and `add` that",
            )


def _difference(there: Set[bytes], blocks: Set[bytes]) -> str:
    """Return what a bundle lacks or should no longer have."""
    parts = []
    for verb, some in (("lacks", blocks - there), ("still has", there - blocks)):
        ders = [der_of(block) for block in sorted(some)]
        parts += [f"it {verb} {describe.several(ders)}"] if ders else []
    return ", ".join(parts)
