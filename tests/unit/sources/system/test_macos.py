"""Conformance cases 57 to 70: what a Mac's keychains and trust settings make of a bundle.

A fake ``security`` replays answers in the formats of Apple's SecurityTool; everything else is
real: processes, pipes, plists, and the bundle that is built from it.
"""

from __future__ import annotations

import base64
import datetime as dt
import errno
import hashlib
import json
import os
import plistlib
import shutil
import stat
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certifi_system_store_wrapper import bundle, parsing
from certifi_system_store_wrapper.machine import ownership
from certifi_system_store_wrapper.parsing import pem
from certifi_system_store_wrapper.reporting.findings import DISTRUSTED, NOT_TRUSTED
from certifi_system_store_wrapper.settings import DEBUG, INFO, LOCAL, SYSTEM, WARNING, Settings
from certifi_system_store_wrapper.sources import system
from certifi_system_store_wrapper.sources.findings import Findings
from certifi_system_store_wrapper.sources.system import macos, macos_security
from support import SUPPORT
from support.fakes.replay import replay
from support.invariants import assert_invariants

pytestmark = pytest.mark.posix("the fake is a shell script")

FAKE = SUPPORT / "fakes" / "security.py"
PACKAGES = Path(bundle.__file__).parents[1]
LOGIN = "login"
Record = Optional[List[Dict[str, Any]]]

# Policies as they stand in an export: the bodies of Apple's OIDs, and their names.
SSL_POLICY = base64.b64decode("KoZIhvdjZAED")
BASIC_POLICY = base64.b64decode("KoZIhvdjZAEC")
SMIME_POLICY = base64.b64decode("KoZIhvdjZAEI")
CODE_SIGNING_POLICY = base64.b64decode("KoZIhvdjZAEQ")
TRUST_ROOT, TRUST_AS_ROOT, DENY, UNSPECIFIED = 1, 2, 3, 4


def setting(
    result: Optional[int] = None, policy: Optional[bytes] = None, **more: Any
) -> Dict[str, Any]:
    """Return one dictionary of trust settings; `more` has its keys without their prefix."""
    entry = {f"kSecTrustSettings{key}": value for key, value in more.items()}
    if result is not None:
        entry["kSecTrustSettingsResult"] = result
    if policy is not None:
        entry["kSecTrustSettingsPolicy"] = policy
    return entry


@lru_cache(maxsize=None)
def root(name: str) -> bytes:
    """Return the block of a self-signed CA; the same for the same name."""
    return block_of(authority(name))


@lru_cache(maxsize=None)
def authority(name: str) -> trustme.CA:
    """Return the CA behind root(name)."""
    return trustme.CA(organization_name=name)


def intermediate() -> bytes:
    """Return the block of a CA that another one signed."""
    return block_of(authority("Issuer").create_child_ca())


def block_of(ca: trustme.CA) -> bytes:
    """Return the canonical PEM of a CA's certificate."""
    return parsing.parse(ca.cert_pem.bytes()).certificates[0].block


def self_signed_leaves(count: int) -> List[bytes]:
    """Return self-signed certificates that are no CA, as programs put them into keychains."""
    key, now = (
        ec.generate_private_key(ec.SECP256R1()),
        dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc),
    )
    blocks = []
    for number in range(count):
        common_name = f"com.apple.systemdefault {number}"
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = x509.CertificateBuilder(name, name, key.public_key(), number + 1)
        builder = builder.not_valid_before(now).not_valid_after(now + dt.timedelta(days=3650))
        der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        blocks.append(pem.block_of(der))
    return blocks


def sha1(block: bytes) -> str:
    """Return the key under which trust settings list a certificate."""
    return hashlib.sha1(pem.der_of(block)).hexdigest().upper()


def export_of(records: Dict[str, Record]) -> bytes:
    """Return an exported plist; a record of None has no trustSettings at all."""
    trust_list: Dict[str, Dict[str, Any]] = {}
    for key, settings in records.items():
        trust_list[key] = {
            "issuerName": b"\x30\x00",
            "modDate": dt.datetime(2024, 5, 1, 10, tzinfo=dt.timezone.utc),
            "serialNumber": b"\x01",
        }
        if settings is not None:
            trust_list[key]["trustSettings"] = settings
    return plistlib.dumps({"trustList": trust_list, "trustVersion": 1})


class Mac:
    """A Mac whose `security` answers what a test prepared."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Install the fake, and a home folder with a login keychain."""
        self.folder = folder
        self.home, self.temporary = folder / "home", folder / "tmp"
        self.answers: Dict[str, Dict[str, Any]] = {}
        self.program = folder / "security"
        self.program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -ISs "{FAKE}" "$@"\n')
        self.program.chmod(0o755)
        self.login = self.home / "Library/Keychains/login.keychain-db"
        self.login.parent.mkdir(parents=True)
        self.login.touch()
        self.temporary.mkdir()
        self.monkeypatch = monkeypatch
        monkeypatch.setattr(macos_security, "SECURITY", str(self.program))
        monkeypatch.setattr("tempfile.tempdir", str(self.temporary))
        monkeypatch.setenv("FAKE_SECURITY", str(folder))
        monkeypatch.setenv("HOME", str(self.home))
        for keychain in (macos.SYSTEM_ROOTS, macos.SYSTEM, LOGIN):
            self.holds(keychain)
        self.holds(macos.SYSTEM_ROOTS, root("Apple"))

    def holds(self, keychain: str, *blocks: bytes, **answer: Any) -> None:
        """Let a keychain hold these certificates; `answer` says more of how it is printed."""
        path = str(self.login) if keychain == LOGIN else keychain
        text = b"".join(blocks).decode()
        self.answers[f"find-certificate -a -p {path}"] = {"stdout": text, **answer}

    def settings(self, domain: str, records: Dict[bytes, Record]) -> None:
        """Let a domain have trust settings for these certificates."""
        self.exports(domain, export_of({sha1(block): r for block, r in records.items()}))

    def exports(self, domain: str, plist: bytes, **answer: Any) -> None:
        """Let the export of a domain's trust settings be this file."""
        self.answers[f"trust-settings-export{' -d' if domain == 'admin' else ''}"] = {
            "stdout": "...Trust Settings exported successfully.\n",
            "file": base64.b64encode(plist).decode(),
            **answer,
        }

    def collect(self, source: str = SYSTEM) -> Findings:
        """Return what macos.collect finds; it raises nothing and leaves no file behind."""
        (self.folder / "answers.json").write_text(json.dumps(self.answers))
        findings = Findings(source)
        macos.collect(findings)
        assert os.listdir(self.temporary) == []
        return findings

    def calls(self) -> List[Dict[str, Any]]:
        """Return what `security` was asked, in no particular order."""
        record = self.folder / "calls.jsonl"
        return [json.loads(line) for line in record.read_text().splitlines()]

    def bundle(self, *of_certifi: bytes) -> bundle.Bundle:
        """Return the bundle of this Mac and of a certifi with these roots, proven sound."""
        cacert = self.folder / "cacert.pem"
        cacert.write_bytes(b"".join((root("Certifi"), *of_certifi)))
        found = self.collect()
        self.monkeypatch.setattr(system, "collect", replay(found))
        built = bundle.build(Settings(sources=("certifi", SYSTEM)), str(cacert))
        assert_invariants(built.body, self.folder / "bundle.pem")
        return built


def anchors(built: bundle.Bundle) -> List[bytes]:
    """Return what the bundle holds besides the two roots that every test has."""
    always = (root("Certifi"), root("Apple"))
    blocks = [anchor.block for anchor in built.anchors]
    assert [block for block in blocks if block in always] == list(always)
    return [block for block in blocks if block not in always]


def warnings_in(findings: Any) -> List[str]:
    """Return the problems that somebody should mend, as text."""
    return [str(problem) for problem in findings.problems if problem.level >= WARNING]


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mac:
    """Return a Mac with one root of Apple's, empty keychains and no trust settings."""
    return Mac(tmp_path, monkeypatch)


@pytest.mark.parametrize("keychain", [macos.SYSTEM, LOGIN])
@pytest.mark.parametrize("record", [None, []], ids=["missing", "empty"])
def test_case_57_settings_missing_or_empty_mean_trust(
    mac: Mac, keychain: str, record: Record
) -> None:
    """The word for it, "Always Trust", is written as no settings at all."""
    mac.holds(keychain, root("Corp"))
    mac.settings("admin", {root("Corp"): record})
    assert anchors(mac.bundle()) == [root("Corp")]


@pytest.mark.parametrize("domain", ["admin", "user"])
def test_case_58_setting_for_ssl_without_result_means_trust(mac: Mac, domain: str) -> None:
    """The result that is left out is "trust as root"."""
    mac.holds(LOGIN, root("Corp"))
    mac.settings(domain, {root("Corp"): [setting(policy=SSL_POLICY)]})
    assert anchors(mac.bundle()) == [root("Corp")]


@pytest.mark.parametrize("domain", ["admin", "user"])
def test_case_59_denied_root_of_apple_is_absent_also_from_certifi(mac: Mac, domain: str) -> None:
    """In either domain, with the keychain on record."""
    mac.holds(macos.SYSTEM_ROOTS, root("Apple"), root("Denied"))
    mac.settings(domain, {root("Denied"): [setting(DENY)]})
    built = mac.bundle(root("Denied"))
    assert anchors(built) == []
    assert [(out.block, out.reason, out.detail, out.level) for out in built.excluded] == [
        (root("Denied"), DISTRUSTED, macos.SYSTEM_ROOTS, INFO)
    ]


@pytest.mark.parametrize("domain", ["admin", "user"])
def test_case_59_what_is_denied_need_not_be_in_a_keychain(mac: Mac, domain: str) -> None:
    """The trust settings outlive it, and speak of certifi's root as well."""
    mac.settings(domain, {root("Denied"): [setting(DENY)]})
    built = mac.bundle(root("Denied"))
    assert anchors(built) == []
    assert [(out.block, out.reason, out.detail, out.level) for out in built.excluded] == [
        (root("Denied"), DISTRUSTED, f"{domain} trust settings", INFO)
    ]


def test_case_59_a_denied_root_that_only_a_keychain_holds_is_on_record(mac: Mac) -> None:
    """Nothing is left out silently."""
    mac.holds(macos.SYSTEM_ROOTS, root("Apple"), root("Denied"))
    mac.settings("user", {root("Denied"): [setting(DENY)]})
    assert [(out.block, out.reason) for out in mac.bundle().excluded] == [
        (root("Denied"), DISTRUSTED)
    ]


@pytest.mark.parametrize("policy", [SMIME_POLICY, CODE_SIGNING_POLICY, BASIC_POLICY])
@pytest.mark.parametrize("result", [TRUST_ROOT, DENY])
def test_case_60_settings_for_other_purposes_do_not_count(
    mac: Mac, policy: bytes, result: int
) -> None:
    """Neither trust nor denial for mail or code says anything of TLS."""
    mac.holds(LOGIN, root("Mail"))
    records: Dict[bytes, Record] = {
        root("Mail"): [setting(result, policy)],
        root("Apple"): [setting(result, policy)],
    }
    mac.settings("user", records)
    built = mac.bundle(*([root("Mail")] if result == DENY else []))
    assert anchors(built) == ([root("Mail")] if result == DENY else [])
    assert [out.reason for out in built.excluded] == [NOT_TRUSTED]


@pytest.mark.parametrize(
    "narrowing",
    [
        {"PolicyString": "intranet.example"},
        {"Application": b"/Applications/Mail.app"},
        {"KeyUsage": 1},
        {"PolicyName": "smime"},
    ],
    ids="".join,
)
@pytest.mark.parametrize("result", [TRUST_ROOT, DENY])
def test_case_61_setting_for_one_host_or_application_is_ignored(
    mac: Mac, narrowing: Dict[str, Any], result: int
) -> None:
    """A list of files cannot express it, so it grants and denies nothing."""
    mac.holds(LOGIN, root("Host"))
    records: Dict[bytes, Record] = {
        root("Host"): [setting(result, **narrowing)],
        root("Apple"): [setting(result, **narrowing)],
    }
    mac.settings("user", records)
    assert anchors(mac.bundle()) == []
    assert mac.collect().distrusted == {}
    assert mac.collect().distrusted_sha1s == {}


@pytest.mark.parametrize(
    "applying",
    [
        {"KeyUsage": 8},
        {"KeyUsage": -1},
        {"KeyUsage": 0xFFFFFFFF},
        {"PolicyName": "sslServer"},
        {"PolicyName": "sslServer", "Policy": BASIC_POLICY},
    ],
    ids=str,
)
def test_case_61_what_covers_every_server_counts(mac: Mac, applying: Dict[str, Any]) -> None:
    """Key usages that let it sign certificates, and TLS by the name of its policy."""
    mac.holds(LOGIN, root("Corp"))
    mac.settings("user", {root("Corp"): [setting(TRUST_ROOT, **applying)]})
    assert anchors(mac.bundle()) == [root("Corp")]


def test_case_62_unspecified_is_passed_over_and_allowed_errors_grant_nothing(mac: Mac) -> None:
    """An allowed error without a result is no trust."""
    unspecified = setting(UNSPECIFIED, AllowedError=-2147409654)
    only_an_error = setting(policy=SSL_POLICY, AllowedError=-2147409654)
    always_trust = setting(TRUST_ROOT, SSL_POLICY, AllowedError=-2147408872)
    mac.holds(LOGIN, root("Second"), root("Error"), root("Always"))
    records: Dict[bytes, Record] = {
        root("Second"): [unspecified, setting(TRUST_ROOT, SSL_POLICY)],
        root("Error"): [unspecified, only_an_error],
        root("Always"): [always_trust],
    }
    mac.settings("user", records)
    assert anchors(mac.bundle()) == [root("Second"), root("Always")]


def test_case_62_first_decisive_result_counts(mac: Mac) -> None:
    """In the order in which they were written."""
    first_denied = [setting(UNSPECIFIED), setting(DENY), setting(TRUST_ROOT)]
    first_trusted = [setting(TRUST_ROOT, SSL_POLICY), setting(DENY)]
    mac.holds(LOGIN, root("Denied"), root("Trusted"))
    mac.settings("user", {root("Denied"): first_denied, root("Trusted"): first_trusted})
    assert anchors(mac.bundle()) == [root("Trusted")]


def test_case_63_trust_as_root_is_for_others_than_roots(mac: Mac) -> None:
    """And "trust root" for roots alone: the wrong word grants nothing."""
    as_root, wrong_word = intermediate(), intermediate()
    mac.holds(macos.SYSTEM, as_root, wrong_word, root("Root"))
    records: Dict[bytes, Record] = {
        as_root: [setting(TRUST_AS_ROOT)],
        wrong_word: [setting(TRUST_ROOT)],
        root("Root"): [setting(TRUST_AS_ROOT)],
    }
    mac.settings("admin", records)
    built = mac.bundle()
    assert anchors(built) == [as_root]
    assert {out.block for out in built.excluded} == {wrong_word, root("Root")}


@pytest.mark.parametrize("denying", ["admin", "user"])
def test_case_64_denial_in_either_domain_is_final_and_logged(mac: Mac, denying: str) -> None:
    """Whatever the other one says, and out of certifi's list, too."""
    trusting = {"admin": "user", "user": "admin"}[denying]
    mac.holds(macos.SYSTEM, root("Disputed"))
    mac.settings(trusting, {root("Disputed"): [setting(TRUST_ROOT)]})
    mac.settings(denying, {root("Disputed"): [setting(DENY)]})
    built = mac.bundle(root("Disputed"))
    assert anchors(built) == []
    assert [(out.reason, out.level) for out in built.excluded] == [(DISTRUSTED, INFO)]


def test_case_64_the_administrators_settings_stand_before_the_users(mac: Mac) -> None:
    """A user cannot widen what the administrator narrowed."""
    mac.holds(LOGIN, root("Mail only"))
    mac.settings("admin", {root("Mail only"): [setting(TRUST_ROOT, SMIME_POLICY)]})
    mac.settings("user", {root("Mail only"): [setting(TRUST_ROOT)]})
    assert anchors(mac.bundle()) == []


def test_case_65_certificate_without_settings_is_not_trusted(mac: Mac) -> None:
    """A keychain holds much that nobody trusts: left out quietly."""
    (leaf,) = self_signed_leaves(1)
    mac.holds(macos.SYSTEM, leaf)
    built = mac.bundle()
    assert anchors(built) == []
    assert [(out.block, out.places, out.reason, out.level) for out in built.excluded] == [
        (leaf, macos.SYSTEM, NOT_TRUSTED, DEBUG)
    ]


def test_case_65_root_of_apple_in_another_keychain_too_is_trusted_once(mac: Mac) -> None:
    """Its copy without settings takes nothing away."""
    mac.holds(macos.SYSTEM, root("Apple"))
    built = mac.bundle()
    assert anchors(built) == []
    assert built.excluded == ()


def test_case_66_no_trust_settings_are_normal(mac: Mac) -> None:
    """Both domains are noted at DEBUG, nothing louder."""
    built = mac.bundle()
    assert anchors(built) == []
    assert [(problem.path, problem.level) for problem in built.problems] == [
        ("admin trust settings", DEBUG),
        ("user trust settings", DEBUG),
    ]


def test_case_66_translated_message_is_as_normal(mac: Mac) -> None:
    """The exit status decides, not the language."""
    for export in ("trust-settings-export", "trust-settings-export -d"):
        mac.answers[export] = {"status": 1, "stderr": "Keine Einstellungen gefunden.\n"}
    assert {problem.level for problem in mac.collect().problems} == {DEBUG}


def test_case_66_corrupted_settings_are_a_warning(mac: Mac) -> None:
    """With what `security` said, and its exit status."""
    said = "SecTrustSettingsCreateExternalRepresentation: The Trust Settings Record was corrupted."
    mac.answers["trust-settings-export"] = {"status": 2, "stderr": said}
    built = mac.bundle()
    (warning,) = warnings_in(built)
    assert said in warning
    assert "exit status 2" in warning


def test_case_67_nul_in_a_string_is_survived(mac: Mac) -> None:
    """Apple writes them, and no XML parser takes them."""
    mac.holds(LOGIN, root("Corp"))
    record: Record = [setting(TRUST_ROOT, PolicyString="NUL"), setting(TRUST_ROOT, SSL_POLICY)]
    plist = export_of({sha1(root("Corp")): record})
    assert b"<string>NUL</string>" in plist
    mac.exports("user", plist.replace(b"<string>NUL<", b"<string>jabber-fr.net\0<"))
    built = mac.bundle()
    assert anchors(built) == [root("Corp")]
    assert warnings_in(built) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda plist: plistlib.dumps(plistlib.loads(plist), fmt=plistlib.FMT_BINARY),
        lambda plist: plist[: len(plist) // 2],
        lambda _: b"",
        lambda _: b"<plist><array/></plist>",
        lambda plist: plist.replace(b"trustList", b"somethingElse"),
        lambda plist: plist.replace(b"2024-05-01", b"0000-99-99"),
    ],
    ids=["binary", "truncated", "empty", "no dict", "no list", "no date"],
)
def test_case_67_unreadable_settings_cost_only_themselves(
    mac: Mac, damage: Callable[[bytes], bytes]
) -> None:
    """The other domain holds, and one WARNING says how to look."""
    mac.holds(LOGIN, root("Corp"), root("Admins"))
    trusted = [setting(TRUST_ROOT, SSL_POLICY)]
    mac.exports("user", damage(export_of({sha1(root("Corp")): trusted})))
    mac.settings("admin", {root("Admins"): trusted})
    built = mac.bundle()
    assert anchors(built) == [root("Admins")]
    (warning,) = warnings_in(built)
    assert warning.startswith("user trust settings: cannot be read (")
    assert "to see why" in warning


def test_case_67_binary_settings_without_their_nuls_are_not_even_tried(mac: Mac) -> None:
    """What removing NULs has spoilt is not read as something else."""
    mac.exports("user", plistlib.dumps({"trustList": {}}, fmt=plistlib.FMT_BINARY))
    (warning,) = warnings_in(mac.collect())
    assert "not well-formed" in warning


@pytest.mark.parametrize(
    "record",
    [
        "text",
        7,
        {"trustSettings": 7},
        {"trustSettings": [7]},
        {"trustSettings": [{"kSecTrustSettingsResult": "3"}]},
    ],
)
def test_case_67_damaged_record_costs_only_itself(mac: Mac, record: Any) -> None:
    """The WARNING names its key, and its neighbour counts."""
    mac.holds(LOGIN, root("Corp"), root("Damaged"))
    records = {sha1(root("Damaged")): record, sha1(root("Corp")): {"trustSettings": []}}
    mac.exports("user", plistlib.dumps({"trustList": records}))
    built = mac.bundle()
    assert anchors(built) == [root("Corp")]
    (warning,) = warnings_in(built)
    assert sha1(root("Damaged")) in warning


def test_case_68_keys_that_are_no_sha1_of_a_certificate_here_are_ignored(mac: Mac) -> None:
    """Lower case counts; defaults and strangers do not."""
    mac.holds(LOGIN, root("Corp"), root("Denied"))
    export = export_of(
        {
            "kSecTrustRecordDefaultRootCert": [],
            sha1(root("Corp")).lower(): [],
            sha1(root("Denied")).lower(): [setting(DENY)],
            "A" * 40: [setting(DENY)],
            "B" * 40: [],
        }
    )
    mac.exports("user", export)
    built = mac.bundle(root("Denied"))
    assert anchors(built) == [root("Corp")]
    assert warnings_in(built) == []


def test_case_69_missing_program_is_one_warning(mac: Mac, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the program, and nothing is trusted."""
    monkeypatch.setattr(macos_security, "SECURITY", str(mac.folder / "no-such-program"))
    findings = mac.collect()
    assert findings.trusted == []
    (warning,) = warnings_in(findings)
    assert "no-such-program" in warning


def test_case_69_program_that_may_not_be_run_is_one_warning(mac: Mac) -> None:
    """And no exception."""
    mac.program.chmod(0o644)
    assert len(warnings_in(mac.collect())) == 1


@pytest.mark.parametrize("hanging", [LOGIN, "export"])
def test_case_69_hanging_program_is_stopped_and_what_it_printed_is_used(
    mac: Mac, monkeypatch: pytest.MonkeyPatch, hanging: str
) -> None:
    """One WARNING, and no process is left."""
    monkeypatch.setattr(macos_security, "TIMEOUT", 3.0)
    mac.holds(LOGIN, root("Corp"))
    mac.settings("user", {root("Corp"): []})
    if hanging == LOGIN:
        cut = (root("Corp") + root("Cut")).decode()[:-60]
        mac.holds(LOGIN, stdout=cut, seconds=60)
    else:
        mac.answers["trust-settings-export -d"] = {"seconds": 60}
    built = mac.bundle()
    assert anchors(built) == [root("Corp")]
    (warning,) = warnings_in(built)
    assert "stopped after 3 seconds" in warning
    assert_nothing_runs(mac)


def assert_nothing_runs(mac: Mac) -> None:
    """Assert that every process is gone, and has been waited for."""
    for call in mac.calls():
        with pytest.raises(ProcessLookupError):
            os.kill(call["pid"], 0)


def test_case_69_complete_blocks_of_partial_output_are_used(mac: Mac) -> None:
    """The WARNING says how many, and what the program said."""
    cut = (root("Apple") + root("Other") + root("Cut")).decode()[:-60]
    mac.holds(macos.SYSTEM_ROOTS, stdout=cut, stderr="security: failed\n", status=1)
    built = mac.bundle()
    assert anchors(built) == [root("Other")]
    (warning,) = warnings_in(built)
    assert warning.startswith(macos.SYSTEM_ROOTS)
    assert "only 2 certificates" in warning
    assert "security: failed" in warning


def test_case_69_damaged_block_costs_only_itself(mac: Mac) -> None:
    """Its neighbours are used, with one WARNING."""
    garbage = b"-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----\n"
    mac.holds(macos.SYSTEM_ROOTS, root("Apple"), garbage, root("Other"))
    built = mac.bundle()
    assert anchors(built) == [root("Other")]
    assert len(warnings_in(built)) == 1


def test_case_69_output_larger_than_a_pipe_arrives_whole(mac: Mac) -> None:
    """On either stream, without waiting for each other."""
    noise = "x" * 99 + "\n"
    mac.holds(macos.SYSTEM_ROOTS, root("Apple"), stderr=noise * 5000)
    mac.holds(LOGIN, stdout=noise * 5000 + root("Corp").decode())
    mac.settings("user", {root("Corp"): []})
    assert anchors(mac.bundle()) == [root("Corp")]


def test_case_69_output_without_an_end_is_ended(mac: Mac, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came before is used; nobody waits for the rest, nor is all that was said repeated."""
    monkeypatch.setattr(macos_security, "_MOST", 1 << 20)
    endless = root("Other").decode() + "x" * (8 << 20)
    mac.holds(macos.SYSTEM_ROOTS, stdout=root("Apple").decode() + endless, seconds=60)
    built = mac.bundle()
    assert anchors(built) == [root("Other")]
    (warning,) = warnings_in(built)
    assert "not read to its end (stopped after" in warning
    assert "1 MiB)" in warning
    assert len(warning) < 1000
    assert_nothing_runs(mac)


def test_case_69_garbage_for_certificates_is_a_warning(mac: Mac) -> None:
    """Even where `security` says that all went well."""
    mac.holds(macos.SYSTEM_ROOTS, stdout="\x1b[31mgarbage\n")
    (warning,) = warnings_in(mac.collect())
    assert warning.startswith(macos.SYSTEM_ROOTS)
    assert "it holds no certificate" in warning


def test_case_69_no_room_for_temporary_files_is_one_warning(mac: Mac) -> None:
    """And no exception."""
    shutil.rmtree(mac.temporary)
    findings = Findings(SYSTEM)
    macos.collect(findings)
    assert len(warnings_in(findings)) == 1


def test_case_70_many_certificates_take_a_constant_number_of_processes(mac: Mac) -> None:
    """Five, for 1,400 certificates as for one."""
    leaves = self_signed_leaves(1400)
    mac.holds(LOGIN, *leaves, root("Corp"))
    mac.settings("user", {root("Corp"): []})
    built = mac.bundle()
    assert anchors(built) == [root("Corp")]
    assert len(built.excluded) == len(leaves)
    verbs = sorted(call["call"].split()[0] for call in mac.calls())
    assert verbs == ["find-certificate"] * 3 + ["trust-settings-export"] * 2


def test_processes_run_side_by_side_without_input(mac: Mac) -> None:
    """Each answers only when all have begun."""
    for answer in mac.answers.values():
        answer["together"] = 5
    for domain in ("admin", "user"):
        mac.exports(domain, export_of({}), together=5)
    assert warnings_in(mac.collect()) == []
    assert [call["stdin"] for call in mac.calls()] == [""] * 5


def test_keychain_that_is_not_there_is_not_asked_for(mac: Mac) -> None:
    """A service without a home has none, and that is normal."""
    mac.login.unlink()
    findings = mac.collect()
    assert len(mac.calls()) == 4
    assert warnings_in(findings) == []


def test_keychain_that_cannot_be_looked_at_is_told(
    mac: Mac, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its disk fails: a WARNING names it, and the other keychains count."""

    def failing(check: ownership.Check, path: str) -> Optional[ownership.Fault]:
        if path == str(mac.login):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        return found(check, path)

    found = ownership.Check.discovered_fault
    monkeypatch.setattr(ownership.Check, "discovered_fault", failing)
    mac.holds(macos.SYSTEM_ROOTS, root("Apple"))
    findings = mac.collect()
    (warning,) = warnings_in(findings)
    assert str(mac.login) in warning and os.strerror(errno.EIO) in warning
    assert len(mac.calls()) == 4


def test_login_keychain_of_older_releases_is_read(mac: Mac) -> None:
    """By the name that it had before macOS 10.12."""
    older = mac.login.with_name("login.keychain")
    mac.login.rename(older)
    mac.holds(str(older), root("Corp"))
    mac.settings("user", {root("Corp"): []})
    assert anchors(mac.bundle()) == [root("Corp")]


def test_empty_keychain_is_normal(mac: Mac) -> None:
    """`security` fails for it, and nobody is warned."""
    nothing = "security: SecKeychainSearchCopyNext: The specified item could not be found.\n"
    mac.holds(macos.SYSTEM, stderr=nothing, status=44)
    assert warnings_in(mac.collect()) == []


def test_store_without_any_root_is_noted(mac: Mac) -> None:
    """Apple's own list cannot be empty."""
    mac.holds(macos.SYSTEM_ROOTS)
    noted = [p.path for p in mac.collect().problems if p.level == INFO]
    assert noted == [macos.SYSTEM_ROOTS]


def test_exports_go_to_a_private_folder(mac: Mac, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else can put settings of theirs into it."""
    modes: List[int] = []
    run_all = macos_security.run_all

    def watched(commands: List[List[str]]) -> List[macos_security.Answer]:
        modes.append(stat.S_IMODE(os.stat(os.path.dirname(commands[-1][-1])).st_mode))
        return run_all(commands)

    monkeypatch.setattr(macos_security, "run_all", watched)
    mac.collect()
    assert modes == [0o700]


# One root trusted for TLS, one denied, one always trusted: as an export really looks.
SAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN"
 "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
 <key>trustList</key><dict>
  <key>{ssl_and_basic}</key><dict>
   <key>issuerName</key><data>MC0x</data><key>modDate</key><date>2024-05-01T10:00:00Z</date>
   <key>serialNumber</key><data>DOfg</data>
   <key>trustSettings</key><array>
    <dict><key>kSecTrustSettingsPolicy</key><data>KoZIhvdjZAED</data>
          <key>kSecTrustSettingsPolicyName</key><string>sslServer</string>
          <key>kSecTrustSettingsResult</key><integer>1</integer></dict>
    <dict><key>kSecTrustSettingsPolicy</key><data>KoZIhvdjZAEC</data>
          <key>kSecTrustSettingsPolicyName</key><string>basicX509</string>
          <key>kSecTrustSettingsResult</key><integer>1</integer></dict></array></dict>
  <key>{denied}</key><dict>
   <key>trustSettings</key><array>
    <dict><key>kSecTrustSettingsResult</key><integer>3</integer></dict></array></dict>
  <key>{always}</key><dict><key>trustSettings</key><array/></dict>
 </dict><key>trustVersion</key><integer>1</integer></dict></plist>
"""


def test_export_as_apple_writes_it(mac: Mac) -> None:
    """A document type, names beside OIDs, records without settings."""
    names = {"ssl_and_basic": "Corp Proxy Root", "denied": "Bad CA", "always": "Always"}
    mac.holds(macos.SYSTEM, *[root(name) for name in names.values()])
    keys = {place: sha1(root(name)) for place, name in names.items()}
    mac.exports("admin", SAMPLE.format(**keys).encode())
    built = mac.bundle(root("Bad CA"))
    assert anchors(built) == [root("Corp Proxy Root"), root("Always")]
    assert warnings_in(built) == []


def test_importing_costs_nothing() -> None:
    """No module that takes time is loaded before the store is read."""
    costly = ["ctypes", "plistlib", "selectors", "subprocess", "tempfile", "xml"]
    code = (
        "import sys; from certifi_system_store_wrapper.sources.system import macos, windows; "
        f"sys.exit([name for name in {costly} if name in sys.modules] or None)"
    )
    environment = {"PYTHONPATH": str(PACKAGES), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-BS", "-c", code]
    subprocess.run(command, env=environment, check=True, timeout=60)


NAMESPACE = """
set -e
if [ -e /usr/bin/security ]; then mount --bind "$FAKE_SECURITY/bin/security" /usr/bin/security
else mount -t overlay overlay -o "lowerdir=$FAKE_SECURITY/bin:/usr/bin" /usr/bin; fi
exec "$@"
"""
IN_NAMESPACE = """
import sys
from certifi_system_store_wrapper.sources.findings import Findings
from certifi_system_store_wrapper.sources.system import macos
findings = Findings("system")
macos.collect(findings)
sys.stdout.write("".join(found.block.decode() for found in findings.trusted))
"""


def namespaced(mac: Mac, *command: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command where /usr/bin/security is the fake, and another one comes first in PATH."""
    (mac.folder / "bin").mkdir()
    (mac.folder / "wrong").mkdir()
    shutil.copy(mac.program, mac.folder / "bin")
    (mac.folder / "wrong/security").write_text('#!/bin/sh\ntouch "$FAKE_SECURITY/wrong/run"\n')
    (mac.folder / "wrong/security").chmod(0o755)
    (mac.folder / "answers.json").write_text(json.dumps(mac.answers))
    environment = {
        "PATH": f"{mac.folder / 'wrong'}:{os.environ['PATH']}",
        "PYTHONPATH": str(PACKAGES),
        "FAKE_SECURITY": str(mac.folder),
        "HOME": str(mac.home),
    }
    unshare = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-Urm"]
    whole = [*unshare, "/bin/sh", "-c", NAMESPACE, "sh", *command]
    return subprocess.run(whole, env=environment, capture_output=True, timeout=60, check=False)


@pytest.mark.linux("needs mount namespaces")
def test_absolute_path_is_what_runs(mac: Mac) -> None:
    """Not the `security` that comes first in PATH."""
    done = namespaced(mac, sys.executable, "-BS", "-c", IN_NAMESPACE)
    assert done.stdout == root("Apple"), done.stderr.decode()
    assert not (mac.folder / "wrong/run").exists()


def test_what_was_added_is_local_and_apples_roots_are_not(mac: Mac) -> None:
    """By its trust settings, from both keychains; Apple's keychain is not even read."""
    added = {macos.SYSTEM: root("Company"), LOGIN: root("Own")}
    for keychain, block in added.items():
        mac.holds(keychain, block, root(f"No settings in {keychain}"))
    mac.holds(macos.SYSTEM_ROOTS, root("Apple"), root("Denied"))
    mac.settings("admin", {root("Company"): [], root("Denied"): [{**setting(macos.DENY)}]})
    mac.settings("user", {root("Own"): []})
    found = mac.collect(LOCAL)
    assert [(t.block, t.origin.source) for t in found.trusted] == [
        (block, LOCAL) for block in added.values()
    ]
    assert list(found.distrusted_sha1s) == [sha1(root("Denied"))]
    assert not [call for call in mac.calls() if macos.SYSTEM_ROOTS in call["call"]]
    assert warnings_in(found) == []
