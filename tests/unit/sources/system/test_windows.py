"""Conformance cases 71 to 78: what the stores of Windows make of a bundle.

The real wincertstore runs over a fake crypt32 behind real function pointers, in a process of
its own: it needs names in ctypes, and an ssl module, that only Windows has.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Type, Union

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certifi_system_store_wrapper import bundle
from certifi_system_store_wrapper.parsing import asn1, pem
from certifi_system_store_wrapper.reporting.findings import (
    DISTRUSTED,
    MALFORMED,
    NO_SERVER_AUTH,
    NOT_TRUSTED,
    UNKNOWN,
)
from certifi_system_store_wrapper.settings import DEBUG, INFO, LOCAL, SYSTEM, WARNING, Settings
from certifi_system_store_wrapper.sources import system
from certifi_system_store_wrapper.sources.findings import Findings, sha1_of
from certifi_system_store_wrapper.sources.system import windows as own
from certifi_system_store_wrapper.sources.system import windows_registry
from certifi_system_store_wrapper.sources.system.windows import DISALLOWED, ROOT, SSL_DEFAULTS
from support import SUPPORT
from support.fakes.replay import replay
from support.invariants import assert_invariants

PROBE = SUPPORT / "fakes" / "windows_probe.py"
PACKAGES = Path(bundle.__file__).parents[1]
SERVER_AUTH, ANY_USAGE, CODE_SIGNING = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0", "1.3.6.1.5.5.7.3.3"
PKCS7_ENCODING, BOTH_ENCODINGS = 0x10000, 0x10001
ACCESS_DENIED, ODD = 5, 13
READERS = pytest.mark.parametrize("without", [False, True], ids=["wincertstore", "ssl"])


class Held(NamedTuple):
    """One certificate in a store; `usage` is its property: None for none, an int for an error."""

    der: bytes
    usage: Union[int, Sequence[str], None] = None
    encoding: int = 1
    extension: Optional[Sequence[str]] = None


class Answer(NamedTuple):
    """What the probe reported."""

    findings: Findings
    asked: List[str]
    judged: int
    warned: str


Stores = Dict[str, List[Held]]
KEY = ec.generate_private_key(ec.SECP256R1())


@lru_cache(maxsize=None)
def certificate(name: str, *usages: str, issuer: str = "") -> bytes:
    """Return the DER of a CA, self-issued unless it has an issuer; the same for the same name."""
    start = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    subject, signer = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        for text in (name, issuer or name)
    )
    serial = x509.random_serial_number()
    builder = x509.CertificateBuilder(signer, subject, KEY.public_key(), serial)
    builder = builder.not_valid_before(start).not_valid_after(start + dt.timedelta(days=3650))
    basic = x509.BasicConstraints(ca=True, path_length=None)
    builder = builder.add_extension(basic, critical=True)
    if usages:
        extension = x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage) for usage in usages])
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def block(name: str, *usages: str) -> bytes:
    """Return the canonical PEM of certificate(name, *usages)."""
    return pem.block_of(certificate(name, *usages))


def overlong() -> bytes:
    """Return DER whose inside claims more than there is, as the root MUPCA of Serbia did."""
    der = certificate("MUPCA")
    _, to_be_signed, _ = asn1.element(der, 0, len(der))
    _, content, _ = asn1.element(der, to_be_signed, len(der))
    return der[: content - 1] + bytes([der[content - 1] + 1]) + der[content:]


def without_start_of_validity() -> bytes:
    """Return DER of the right shape that OpenSSL cannot decode."""
    return certificate("No start").replace(b"\x17\x0d260101000000Z", b"\x05\x0d260101000000Z")


def probe(stores: Stores, function: str = "collect", **order: Any) -> Answer:
    """Return what a function of windows.py finds; it raises nothing and leaks nothing."""
    order.update(function=function, stores={})
    for name, content in stores.items():
        order["stores"][name] = [
            (base64.b64encode(held.der).decode(), *held[1:]) for held in content
        ]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(PACKAGES), str(PROBE.parents[1]))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SSL_CERT_FILE": str(PROBE.with_name("nothing.pem")),
        "SSL_CERT_DIR": str(PROBE.with_name("nothing")),
    }
    done = subprocess.run(
        [sys.executable, str(PROBE)],
        input=json.dumps(order),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["open"] == 0, "a store or a certificate context was leaked"
    if function != "ssl_defaults" and not order.get("without_wincertstore"):
        assert said["imported"], said["problems"]
    return Answer(findings_in(said), said["asked"], said["judged"], done.stderr)


def findings_in(said: Dict[str, Any]) -> Findings:
    """Return the findings that the probe reported."""
    findings = Findings(SYSTEM)
    for block, *rest in said["trusted"]:
        findings.trust(block.encode(), *rest)
    for block, *rest in said["distrusted"]:
        findings.distrust(block.encode(), *rest)
    for block, *rest in said["refused"]:
        findings.refuse(block.encode(), *rest)
    for problem in said["problems"]:
        findings.problem(*problem)
    return findings


class Windows:
    """A machine with certifi and the stores that a test prepared."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take a folder for certifi's file."""
        self.folder, self.monkeypatch = folder, monkeypatch

    def bundle(self, found: Answer, *of_certifi: bytes) -> bundle.Bundle:
        """Return the bundle of what was found and of certifi's roots, proven sound."""
        cacert = self.folder / "cacert.pem"
        cacert.write_bytes(b"".join((block("Certifi"), *of_certifi)))
        self.monkeypatch.setattr(system, "collect", replay(found.findings))
        built = bundle.build(Settings(sources=("certifi", SYSTEM)), str(cacert))
        assert_invariants(built.body, self.folder / "bundle.pem")
        return built


def anchors(built: bundle.Bundle) -> List[bytes]:
    """Return what the bundle holds besides certifi's one root."""
    blocks = [anchor.block for anchor in built.anchors]
    assert blocks[0] == block("Certifi")
    return blocks[1:]


def warnings_in(findings: Any) -> List[str]:
    """Return the problems that somebody should mend, as text."""
    return [str(problem) for problem in findings.problems if problem.level >= WARNING]


@pytest.fixture
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Windows:
    """Return a machine with certifi's one root."""
    return Windows(tmp_path, monkeypatch)


@READERS
@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, True),
        ([SERVER_AUTH], True),
        ([ANY_USAGE], True),
        ([CODE_SIGNING, SERVER_AUTH], True),
        ([CODE_SIGNING], False),
        ([], False),
    ],
    ids=str,
)
@pytest.mark.parametrize("where", ["property", "extension"])
def test_case_71_purposes_decide(
    windows: Windows, usage: Optional[List[str]], where: str, *, expected: bool, without: bool
) -> None:
    """None set, TLS servers or any: used. Others alone, or an empty list: left out quietly."""
    held = Held(certificate("Root"), usage)
    if where == "extension":
        held = Held(certificate("Root"), None, 1, usage)
    stores = {ROOT: [held, Held(certificate("Other"))]}
    built = windows.bundle(probe(stores, without_wincertstore=without))
    assert anchors(built) == ([block("Root")] if expected else []) + [block("Other")]
    left_out = [(out.block, out.places, out.reason, out.level) for out in built.excluded]
    assert left_out == ([] if expected else [(block("Root"), ROOT, NO_SERVER_AUTH, DEBUG)])
    assert warnings_in(built) == []


def test_case_71_property_and_own_extension_must_both_allow(windows: Windows) -> None:
    """The property in the store does not widen what the certificate says."""
    held = [
        Held(certificate("Signer", CODE_SIGNING), [SERVER_AUTH], 1, [CODE_SIGNING]),
        Held(certificate("Both", SERVER_AUTH), [ANY_USAGE], 1, [SERVER_AUTH]),
    ]
    found = probe({ROOT: held})
    built = windows.bundle(found)
    assert [t.block for t in found.findings.trusted] == [block("Both", SERVER_AUTH)]
    assert anchors(built) == [block("Both", SERVER_AUTH)]
    assert [out.reason for out in built.excluded] == [NO_SERVER_AUTH]


@pytest.mark.parametrize("odd", [ODD, ["1.2.\xe9"]], ids=["error", "no ascii"])
def test_case_71_unreadable_purposes_cost_only_that_certificate(windows: Windows, odd: Any) -> None:
    """It is left out with one WARNING, and its neighbours stay."""
    held = [Held(certificate("First")), Held(certificate("Odd"), odd), Held(certificate("Last"))]
    built = windows.bundle(probe({ROOT: held}))
    assert anchors(built) == [block("First"), block("Last")]
    assert [(out.block, out.reason) for out in built.excluded] == [(block("Odd"), NOT_TRUSTED)]
    (warning,) = warnings_in(built)
    assert warning.startswith("ROOT: a certificate in it is not used")


@READERS
def test_case_72_pkcs7_is_skipped_unless_it_is_an_ordinary_certificate_too(
    windows: Windows, *, without: bool
) -> None:
    """By the encoding that the store tells, without a warning."""
    held = [
        Held(certificate("Message"), encoding=PKCS7_ENCODING),
        Held(certificate("Ordinary"), encoding=BOTH_ENCODINGS),
    ]
    built = windows.bundle(probe({ROOT: held}, without_wincertstore=without))
    assert anchors(built) == [block("Ordinary")]
    assert [(out.block, out.level) for out in built.excluded] == [(block("Message"), DEBUG)]
    assert warnings_in(built) == []


@READERS
@pytest.mark.parametrize(
    "der",
    [overlong(), without_start_of_validity(), b"", b"\x30", b"no DER at all"],
    ids=["overlong", "no start", "empty", "one byte", "text"],
)
def test_case_73_malformed_certificate_costs_only_itself(
    windows: Windows, der: bytes, *, without: bool
) -> None:
    """Its bytes are kept, with one WARNING, and its neighbours stay."""
    held = [Held(certificate("First")), Held(der), Held(certificate("Last"))]
    built = windows.bundle(probe({ROOT: held}, without_wincertstore=without))
    assert anchors(built) == [block("First"), block("Last")]
    assert [(out.block, out.reason) for out in built.excluded] == [(pem.block_of(der), MALFORMED)]
    (warning,) = warnings_in(built)
    assert warning.startswith("ROOT: a certificate in it is not used")


@pytest.mark.parametrize(
    "usages", [([], None), (None, []), ([], None, [CODE_SIGNING]), (ODD, None)]
)
def test_case_74_one_usable_instance_is_enough(windows: Windows, usages: Sequence[Any]) -> None:
    """The same certificate with other purposes beside it does no harm."""
    held = [Held(certificate("Root"), usage) for usage in usages]
    built = windows.bundle(probe({ROOT: held}))
    assert anchors(built) == [block("Root")]
    assert built.excluded == ()
    assert warnings_in(built) == []


@READERS
@pytest.mark.parametrize("usage", [None, [], [CODE_SIGNING]], ids=str)
def test_case_75_disallowed_is_absent_also_from_certifi(
    windows: Windows, usage: Optional[List[str]], *, without: bool
) -> None:
    """Whatever purposes it is disallowed for; both sources are on record."""
    stores = {
        ROOT: [Held(certificate("Bad")), Held(certificate("Good"))],
        DISALLOWED: [Held(certificate("Bad"), usage)],
    }
    built = windows.bundle(probe(stores, without_wincertstore=without), block("Bad"))
    assert anchors(built) == [block("Good")]
    (out,) = built.excluded
    assert (out.reason, out.detail, out.level) == (DISTRUSTED, DISALLOWED, INFO)
    assert [origin.source for origin in out.origins] == ["certifi", SYSTEM]


def test_case_75_disallowed_holds_whatever_else_is_odd_in_it() -> None:
    """Garbage and unreadable purposes in it hide no distrust."""
    held = [Held(b"no DER"), Held(certificate("Bad"), ODD), Held(certificate("Worse"))]
    found = probe({DISALLOWED: held}).findings
    assert list(found.distrusted)[1:] == [block("Bad"), block("Worse")]
    assert warnings_in(found) == []


def test_case_76_fresh_machine_with_few_roots_keeps_certifis(windows: Windows) -> None:
    """Windows fetches its roots on demand: few are not all."""
    names = [f"Root {number}" for number in range(12)]
    of_certifi = [block(f"Certifi {number}") for number in range(30)]
    built = windows.bundle(probe({ROOT: [Held(certificate(n)) for n in names]}), *of_certifi)
    assert anchors(built) == of_certifi + [block(name) for name in names]


@READERS
def test_case_77_intermediates_are_not_asked_for(windows: Windows, *, without: bool) -> None:
    """Only ROOT and Disallowed are opened."""
    between = certificate("Intermediate", issuer="Root")
    stores = {ROOT: [Held(certificate("Root"))], "CA": [Held(between)]}
    found = probe(stores, without_wincertstore=without)
    assert found.asked == [ROOT, DISALLOWED]
    assert anchors(windows.bundle(found)) == [block("Root")]


@READERS
@pytest.mark.parametrize("error", [ACCESS_DENIED, 2, -2147024891])
@pytest.mark.parametrize("failing", [ROOT, DISALLOWED])
def test_case_78_failing_store_costs_only_itself(
    windows: Windows, failing: str, error: int, *, without: bool
) -> None:
    """One WARNING with the next step; the other one's answers hold."""
    stores = {ROOT: [Held(certificate("Root"))], DISALLOWED: [Held(certificate("Bad"))]}
    found = probe(stores, failing={failing: error}, without_wincertstore=without)
    built = windows.bundle(found, block("Bad"))
    assert anchors(built) == ([] if failing == ROOT else [block("Bad"), block("Root")])
    (warning,) = warnings_in(built)
    assert warning.startswith(f"{failing}: cannot be read (")
    assert "certutil" in warning


def test_missing_wincertstore_is_noted() -> None:
    """ssl reads the stores instead, and a note says how to install it."""
    found = probe({ROOT: [Held(certificate("Root"))]}, without_wincertstore=True).findings
    assert [t.block for t in found.trusted] == [block("Root")]
    (note,) = found.problems
    assert (note.path, note.level) == ("wincertstore", INFO)
    assert "pip install" in note.message


def test_a_wincertstore_that_is_another(windows: Windows) -> None:
    """ssl reads the stores instead: what it cannot do costs no root and no distrust."""
    stores = {
        ROOT: [Held(certificate("Bad")), Held(certificate("Root"))],
        DISALLOWED: [Held(certificate("Bad"))],
    }
    built = windows.bundle(probe(stores, another_wincertstore=True), block("Bad"))
    assert anchors(built) == [block("Root")]
    assert warnings_in(built) == []


def test_wincertstore_needs_nothing_said() -> None:
    """Where it is there, there is no note."""
    found = probe({ROOT: [Held(certificate("Root"))]}).findings
    assert [(t.block, t.origin.path) for t in found.trusted] == [(block("Root"), ROOT)]
    assert found.problems == []


def test_ssl_defaults_are_those_of_root() -> None:
    """What is in the CA store alone is no anchor, also where it is self-signed."""
    between = certificate("Intermediate", issuer="Root")
    stores = {
        ROOT: [Held(certificate("Root")), Held(certificate("Signer"), [CODE_SIGNING])],
        "CA": [Held(between), Held(certificate("Root Agency"))],
    }
    answer = probe(stores, "ssl_defaults", is_windows=True)
    trusted = {(t.block, t.origin.path) for t in answer.findings.trusted}
    assert trusted == {(block("Root"), SSL_DEFAULTS)}
    (left_out,) = answer.findings.refused
    assert left_out.block == block("Signer")
    assert (left_out.reason, left_out.level) == (NO_SERVER_AUTH, DEBUG)
    assert answer.findings.problems == []
    assert answer.asked == [ROOT]


def test_both_sources_read_root_once() -> None:
    """And judge each certificate once, however many entries there are for it."""
    names = [f"Root {number}" for number in range(5)]
    stores = {ROOT: [Held(certificate(name)) for name in (*names, *names)]}
    answer = probe(stores, "collect ssl_defaults", is_windows=True)
    trusted = [(t.block, t.origin.path) for t in answer.findings.trusted]
    assert trusted == [(block(name), path) for path in (ROOT, SSL_DEFAULTS) for name in names]
    assert answer.asked == [ROOT, DISALLOWED]
    assert answer.judged == len(names)


def test_ssl_defaults_survive_a_malformed_certificate() -> None:
    """It costs only itself, on any Python, and Python's own warning is not printed."""
    stores = {ROOT: [Held(certificate("Root")), Held(overlong())]}
    answer = probe(stores, "ssl_defaults", is_windows=True)
    found = answer.findings
    assert not answer.warned
    assert [t.block for t in found.trusted] == [block("Root")]
    assert [(out.reason, out.level) for out in found.refused] == [(MALFORMED, DEBUG)]
    assert found.problems == []


@pytest.mark.parametrize("error", [ACCESS_DENIED, 2])
def test_ssl_defaults_survive_a_failing_store(error: int) -> None:
    """Nothing is found and nothing raised, and one WARNING says so, whoever asks first."""
    for function in ("ssl_defaults", "collect ssl_defaults"):
        answer = probe({}, function, is_windows=True, failing={ROOT: error})
        assert not answer.warned
        assert answer.findings.trusted == []
        (warning,) = warnings_in(answer.findings)
        assert warning.startswith(f"{ROOT}: cannot be read (")


def registry(**names: str) -> Dict[str, List[str]]:
    """Return the keys of physical stores; of each only the name of one certificate is told."""
    keys = {name.replace(" ", "_"): key for key, name in windows_registry.ADDED.items()}
    keys["auth_root"] = windows_registry.AUTH_ROOT
    return {
        f"{keys[store][0]}\\{keys[store][1]}\\Certificates": [sha1_of(certificate(name)).lower()]
        for store, name in names.items()
    }


LOCAL_STORES = {ROOT: [Held(certificate(name)) for name in ("Added", "Fetched", "Machine")]}


@READERS
@pytest.mark.parametrize(
    "store", ["group_policy", "group_policy_of_the_user", "enterprise", "current_user"]
)
def test_what_a_physical_store_holds_was_added(store: str, without: bool) -> None:
    """What Windows fetched was not, and nobody knows of the rest, which is on record."""
    keys = registry(**{store: "Added", "auth_root": "Fetched"})
    order = {"source": LOCAL, "registry": keys, "without_wincertstore": without}
    found = probe(LOCAL_STORES, **order).findings
    where = f"ROOT ({store.replace('_', ' ')})"
    assert [(t.block, t.origin.path) for t in found.trusted] == [(block("Added"), where)]
    assert [(out.block, out.reason) for out in found.refused] == [(block("Machine"), UNKNOWN)]
    assert warnings_in(found) == []


def test_what_was_added_must_be_trusted_for_tls_servers() -> None:
    """A physical store says who added it; what it is for stays with the certificate and ROOT."""
    stores = {
        ROOT: [Held(certificate("Added"), [CODE_SIGNING])],
        DISALLOWED: [Held(certificate("Root"))],
    }
    found = probe(stores, source=LOCAL, registry=registry(current_user="Added")).findings
    assert found.trusted == []
    assert [out.reason for out in found.refused] == [NO_SERVER_AUTH]
    assert list(found.distrusted) == [block("Root")]
    only_there = probe({}, source=LOCAL, registry=registry(current_user="Added")).findings
    assert only_there.trusted == []


def test_a_registry_that_cannot_be_read_leaves_it_unknown() -> None:
    """Without what the key holds nothing of it is trusted, and a WARNING names the key."""
    keys = registry(group_policy="Added", auth_root="Fetched")
    denied = next(iter(keys))
    found = probe(LOCAL_STORES, source=LOCAL, registry=keys, denied=denied).findings
    assert found.trusted == []
    assert [out.block for out in found.refused] == [block("Added"), block("Machine")]
    (warning,) = warnings_in(found)
    assert denied in warning


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_a_store_is_not_blamed_for_want_of_stack_or_memory(error: Type[Exception]) -> None:
    """It comes out, and the next call tries again: without ROOT the bundle would be too small."""

    def fails(_store: str) -> Iterator[Any]:
        raise error

    findings = Findings(SYSTEM)
    with pytest.raises(error):
        list(own._entries(findings, [fails], ROOT, "its roots are missing"))
    assert not findings.problems
