"""What Windows trusts and distrusts: its ROOT store and its Disallowed store.

The CA store is not read: Windows fills it with intermediates, and each would be a full anchor to
Python 3.13, curl, Go and rustls. Nor does Windows trust what is self-signed in there: often a test
root of Microsoft, whose key is public. As in Chromium's ``trust_store_win.cc``, a certificate is
for TLS servers if its own extended key usage and the property in the store allow that.
"""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any, Callable, Container, Dict, Iterator, List, Optional, Tuple, Union

from ...machine.windows_stores import DISALLOWED, ROOT, entries
from ...parsing import Known, pem
from ...record import Record
from ...reporting.findings import MALFORMED, NO_SERVER_AUTH, NOT_TRUSTED, UNKNOWN
from ...settings import DEBUG, INFO, LOCAL, WARNING
from ..findings import Findings, sha1_of
from . import windows_registry

SSL_DEFAULTS = "ssl.create_default_context()"

# 0x10000 (PKCS#7) may be set together with it, and means nothing then.
_X509_ENCODING = 0x1
# serverAuth, anyExtendedKeyUsage
_SERVER_OIDS = ("1.3.6.1.5.5.7.3.1", "2.5.29.37.0")

# The OIDs, or why they cannot be read.
_Usage = Union[Container[str], Exception]
# Reason, detail and level.
_Refusal = Tuple[str, str, int]
_Read = Callable[[str], Iterator["_Entry"]]


class _Entry(Record):
    """One entry of a store; several entries may be the same certificate."""

    der: bytes
    is_x509: bool
    usage: _Usage


def collect(findings: Findings) -> None:
    """Add the stores of the current user, which include those of the machine.

    For the source LOCAL the registry says which of the roots somebody added.
    """
    readers = _readers(findings)
    roots = _roots(findings, readers)
    if findings.source == LOCAL:
        _settle_local(findings, roots)
    else:
        _settle_all(findings, roots, ROOT)
    harm = "what Windows distrusts is not removed"
    for entry in _entries(findings, readers, DISALLOWED, harm):
        findings.distrust(pem.block_of(entry.der), DISALLOWED)


def ssl_defaults(findings: Findings) -> None:
    """Add the roots that the ssl module takes from ROOT. What it takes from the CA store is none.

    No SSLContext is asked for them: before Python 3.13 it loses all to one malformed certificate,
    and it reports faults through the warnings module
    (https://github.com/python/cpython/issues/79846).
    """
    # The system source reports what is refused, too, at its true level.
    roots = {
        block: refusal and (*refusal[:2], DEBUG)
        for block, refusal in _roots(findings, [_read_with_ssl]).items()
    }
    _settle_all(findings, roots, SSL_DEFAULTS)


def _roots(findings: Findings, readers: List[_Read]) -> Dict[bytes, Optional[_Refusal]]:
    """Return the certificates of ROOT, each with why it is no anchor: read once for all sources.

    Of several entries for one certificate it is enough that one allows it.
    """
    roots = findings.reader.roots
    if roots is None:
        roots = findings.reader.roots = {}
        for entry in _entries(findings, readers, ROOT, "the roots of Windows are not used"):
            block = pem.block_of(entry.der)
            refusal = _refusal(entry, block, findings.reader.known)
            if refusal is None or block not in roots:
                roots[block] = refusal
    return roots


def _serves(usage: _Usage) -> bool:
    return not isinstance(usage, Exception) and any(oid in usage for oid in _SERVER_OIDS)


def _readers(findings: Findings) -> List[_Read]:
    """Return the functions that read a store, in the order in which to try them."""
    try:
        import wincertstore  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except (ImportError, OSError, AttributeError) as error:
        message = f"is not usable ({error}), so the ssl module reads the stores"
        findings.problem("wincertstore", message + "; pip install wincertstore", INFO)
        return [_read_with_ssl]
    return [partial(_read_with_wincertstore, wincertstore), _read_with_ssl]


def _entries(findings: Findings, readers: List[_Read], store: str, harm: str) -> Iterator[_Entry]:
    """Yield the entries of a store. If every function fails, report what the first one said."""
    failures = []
    for read in readers:
        try:
            yield from read(store)
        except (RecursionError, MemoryError):
            # Nothing is wrong with the store: the caller tries again.
            raise
        except Exception as error:  # noqa: BLE001 - services and containers fail in many ways
            failures.append(str(error))
        else:
            return
    remedy = f"`certutil -user -store {store}` shows whether this user may read it"
    findings.problem(store, f"cannot be read ({failures[0]}), so {harm}; {remedy}")


def _read_with_wincertstore(wincertstore: ModuleType, name: str) -> Iterator[_Entry]:
    """Yield every entry, as a copy: each step of Windows frees the entry before.

    The iterator of wincertstore itself ends at the first key usage that it cannot read, and
    leaks a context if it does not reach its end.
    """
    following = wincertstore.CertEnumCertificatesInStore
    with wincertstore.CertSystemStore(name) as store:
        handle = store._hStore  # noqa: SLF001 - there is no other way, see above
        context = following(handle, None)
        while context:
            held = context[0]
            is_x509 = bool(held.dwCertEncodingType & _X509_ENCODING)
            yield _Entry(held.get_encoded(), is_x509, _usage(held.enhanced_keyusage))
            context = following(handle, context)


def _usage(ask: Callable[[], Any]) -> _Usage:
    """Return the OIDs of an entry; wincertstore says True if every purpose is allowed."""
    try:
        answer = ask()
    except (OSError, ValueError) as error:
        # ValueError: wincertstore cannot decode the text.
        return error
    return _SERVER_OIDS if answer is True else answer or ()


def _read_with_ssl(name: str) -> Iterator[_Entry]:
    """Yield every entry. Where both encodings are set, it has a number for them and no name."""
    for der, encoding, usage in entries(name):
        yield _Entry(der, encoding != "pkcs_7_asn", _SERVER_OIDS if usage is True else usage)


def _settle_all(findings: Findings, roots: Dict[bytes, Optional[_Refusal]], path: str) -> None:
    for block, refusal in roots.items():
        _settle(findings, block, path, refusal)


def _settle_local(findings: Findings, roots: Dict[bytes, Optional[_Refusal]]) -> None:
    """Settle what was added. Windows' own roots lie among those of its administrator."""
    added, of_the_vendor = windows_registry.added(findings), windows_registry.vendors(findings)
    for block, refusal in roots.items():
        sha1 = sha1_of(pem.der_of(block))
        if sha1 in added:
            _settle(findings, block, added[sha1], refusal)
        elif refusal is None and sha1 not in of_the_vendor:
            findings.refuse(block, ROOT, UNKNOWN, "the store of this machine")


def _settle(findings: Findings, block: bytes, path: str, refusal: Optional[_Refusal]) -> None:
    """Trust a certificate or record why not. A refusal at WARNING is a problem, too."""
    if refusal is None:
        findings.trust(block, path)
        return
    reason, detail, level = refusal
    findings.refuse(block, path, reason, detail, level)
    if level >= WARNING:
        message = f"a certificate in it is not used: {reason} ({detail})"
        findings.problem(path, message + "; delete it in certmgr.msc if nobody needs it")


def _refusal(entry: _Entry, block: bytes, known: Known) -> Optional[_Refusal]:
    """Return why this entry is no anchor for TLS servers, or None if it is one."""
    if not entry.is_x509:
        return MALFORMED, "the store holds it as PKCS#7, not as a certificate", DEBUG
    try:
        facts = known.facts(block)
    except ValueError as error:
        return MALFORMED, str(error), WARNING
    if isinstance(entry.usage, Exception):
        return NOT_TRUSTED, f"its purposes cannot be read: {entry.usage}", WARNING
    if not _serves(entry.usage):
        return NO_SERVER_AUTH, "its purposes in certmgr.msc", DEBUG
    return None if facts.serves_tls else (NO_SERVER_AUTH, "its own extension", DEBUG)
