"""doctor HOST: the right cause for each fault of server or proxy, none where all is well."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import textwrap
from typing import Callable, Dict, List, Mapping, Sequence, Tuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from support import Sandbox, write
from support.doctor import COMMAND, Answer, ask, is_313, trusting
from support.minting import CA, CLIENT_AUTH, Made, key_usage, make, trusted_pem, with_sha1
from support.servers import Echo, Resetting, Tunnel, context_for, presenting, saying, serving

ROOT = make("Private Root", *CA)
LEAF = make("a server", by=ROOT, names=["localhost", "127.0.0.1", "::1", "xn--bcher-kva.example"])
NS_CLIENT = b"\x03\x02\x07\x80"  # the bit string of nsCertType, with the bit of a client
DER = LEAF.certificate.public_bytes(Encoding.DER)


def of(sandbox: Sandbox, context: ssl.SSLContext, *cas: Made, host: str = "localhost") -> Answer:
    """Ask about a server with that context, which vouches for itself by none of certifi's."""
    with serving(Echo, context) as server:
        return ask(sandbox, f"{host}:{server.port}", trusting(sandbox, *cas))


def test_a_server_that_is_trusted(sandbox: Sandbox) -> None:
    """By the user's CA; certifi alone refuses it, and that is no problem."""
    answer = of(sandbox, context_for(LEAF), ROOT)
    answer.is_healthy()
    trusted = {name: outcome["trusted"] for name, outcome in answer.data["outcomes"].items()}
    assert trusted["the bundle"] and trusted["the bundle, strict"] and trusted["ssl defaults"]
    assert not trusted["certifi alone"]
    assert "trusted by the user source" in answer.said
    assert "TLS-inspecting" in answer.said


def test_trusted_by_a_bundle_that_nobody_asks(sandbox: Sandbox) -> None:
    """Where this package does not answer, or a variable leads past it, that is said."""
    env = trusting(sandbox, ROOT)
    with serving(Echo, context_for(LEAF)) as server:
        where = f"localhost:{server.port}"
        answer = ask(sandbox, where, {**env, "PYTHON_CERTIFI_DISABLE": "1"})
        answer.names("active", "PYTHON_CERTIFI_DISABLE")
        answer = ask(sandbox, where, {**env, "REQUESTS_CA_BUNDLE": "/no/such/file"})
        answer.names("variable", "REQUESTS_CA_BUNDLE=/no/such/file")
        answer = ask(sandbox, where, {**env, "PYTHON_CERTIFI_SSL_DEFAULTS": "0"})
        answer.names("client", "aiohttp", "PYTHON_CERTIFI_SSL_DEFAULTS=1")


def test_the_text_shows_what_was_seen(sandbox: Sandbox) -> None:
    """Server, chain, a line for each context, and the cause."""
    middle = make("In Between", *CA, by=ROOT)
    leaf = make("below", by=middle, names=["localhost"])
    with serving(Echo, context_for(leaf, middle)) as server:
        done = sandbox.run(*COMMAND, f"localhost:{server.port}")
    labels = [line[:9].strip() for line in done.stdout.splitlines()][5:]  # behind the header
    assert labels[:5] == ["server", "chain 0", "", "chain 1", ""]  # on every CPython, from 3.8 on
    assert "issued by CN=Private Root" in done.stdout
    assert "the bundle, strict  refused: unable to get local issuer certificate (20)" in done.stdout
    assert "problem   its issuer is not trusted here: CN=Private Root" in done.stdout


def test_what_was_named_and_is_lost(sandbox: Sandbox) -> None:
    """The root is missing because its file is: that is a part of the problem."""
    with serving(Echo, context_for(LEAF)) as server:
        where = f"localhost:{server.port}"
        answer = ask(sandbox, where, {"PYTHON_CERTIFI_CERT_FILES": "/no/such.pem"})
        lost = f"{os.path.join('no', 'such.pem')}: the file does not exist"
        answer.names("issuer", "the bundle has a warning: ", lost)
        answer = ask(sandbox, where, trusting(sandbox, make("another", names=["localhost"])))
        answer.names("issuer", "the bundle has a warning:", "trusted because it was named")
        answer = ask(sandbox, where)
    assert "the bundle has a warning" not in answer.said


def test_what_was_named_and_has_nothing_to_do_with_it(sandbox: Sandbox) -> None:
    """A lost file is told only where a CA is missing."""
    env = trusting(sandbox, ROOT)
    env["PYTHON_CERTIFI_CERT_FILES"] += f"{os.pathsep}/no/such.pem"
    with serving(Echo, context_for(_expired()[1][0])) as server:
        answer = ask(sandbox, f"localhost:{server.port}", env)
    answer.names("expired", "the server's own certificate")
    assert "the bundle has a warning" not in answer.said


def test_what_was_named_and_may_be_the_right_key(sandbox: Sandbox) -> None:
    """A lost file is told, too, where another certificate of that name is trusted."""
    (old,), (leaf,), check, _ = _other_signature()
    env = trusting(sandbox, old)
    env["PYTHON_CERTIFI_CERT_FILES"] += f"{os.pathsep}/no/such.pem"
    with serving(Echo, context_for(leaf)) as server:
        answer = ask(sandbox, f"localhost:{server.port}", env)
    answer.names(check, "the bundle has a warning", "such.pem")


@pytest.mark.parametrize(
    ("sources", "misspelt"),
    [
        # With `user` added alone, it would be the only one.
        ("nothing", "'nothing' is not understood"),
        ("certifi,sytem", "'sytem' is not understood"),
        ("system", ""),
        ("user", ""),
    ],
)
def test_without_certifis_own_list_among_the_sources(
    sandbox: Sandbox, sources: str, misspelt: str
) -> None:
    """The row of that list is tried with it all the same: it answers where the bundle does not."""
    env = {**trusting(sandbox, *([ROOT] * (sources != "user"))), "PYTHON_CERTIFI_SOURCES": sources}
    with serving(Echo, context_for(LEAF)) as server:
        answer = ask(sandbox, f"localhost:{server.port}", env)
    no_issuer = "unable to get local issuer certificate"
    assert {each["message"] for each in answer.data["outcomes"].values()} == {no_issuer}
    if sources != "user":
        remedy = "name user in that variable, too"
        answer.names("sources", "its issuer is in the user source", misspelt, remedy)
        assert ("is not understood" in answer.said) == bool(misspelt)


# What the user trusts, what the server presents (its own certificate first), and what is said.
Case = Tuple[Sequence[Made], Sequence[Made], str, Sequence[str]]


def _missing_root() -> Case:
    return [], [LEAF], "issuer", ["CN=Private Root (that is a root, or an intermediate", "add"]


def _missing_root_sent() -> Case:
    return [], [LEAF, ROOT], "root", ["its root is not trusted", "TLS-inspecting"]


def _missing_intermediate() -> Case:
    middle = make("Issuing CA", *CA, by=ROOT)
    where = x509.AccessDescription(
        x509.oid.AuthorityInformationAccessOID.CA_ISSUERS,
        x509.UniformResourceIdentifier("http://127.0.0.1/ca.cer"),
    )
    extension = (x509.AuthorityInformationAccess([where]), False)
    leaf = make("leaf", extension, by=middle, names=["localhost"])
    return [ROOT], [leaf], "intermediate", ["CN=Issuing CA", "whole chain"]


def _expired() -> Case:
    leaf = make("old leaf", by=ROOT, names=["localhost"], days=(-9, -1))
    return [ROOT], [leaf], "expired", ["the server's own certificate", "clock"]


def _not_yet() -> Case:
    leaf = make("new leaf", by=ROOT, names=["localhost"], days=(1, 9))
    return [ROOT], [leaf], "not yet valid", ["the server's own certificate", "clock"]


def _expired_intermediate() -> Case:
    middle = make("old CA", *CA, by=ROOT, days=(-9, -1))
    leaf = make("leaf", by=middle, names=["localhost"])
    return [ROOT], [leaf, middle], "expired", ["a CA of its chain is expired: CN=old CA"]


def _expired_root() -> Case:
    root = make("old root", *CA, days=(-9, -1))
    leaf = make("leaf", by=root, names=["localhost"])
    return [root], [leaf], "expired", ["the CA that is trusted here is expired", "user.pem"]


def _expired_root_sent() -> Case:
    trusted, (leaf,), check, words = _expired_root()
    return trusted, [leaf, *trusted], check, words


def _wrong_name() -> Case:
    leaf = make("leaf", by=ROOT, names=["other.example", "127.0.0.2"])
    return [ROOT], [leaf], "name", ["other.example", "127.0.0.2"]


def _self_signed() -> Case:
    return [], [make("localhost", names=["localhost"])], "self-signed", ["CN=localhost"]


def _ca_that_is_none() -> Case:
    root = make("no CA")
    leaf = make("leaf", by=root, names=["localhost"])
    return [root], [leaf], "no-ca", ["CN=no CA"]


def _ca_that_may_not_sign() -> Case:
    constraints = (x509.BasicConstraints(ca=True, path_length=None), True)
    root = make("unable", constraints, key_usage("crl_sign"))
    return [root], [make("leaf", by=root, names=["localhost"])], "no-ca", ["key usage", "unable"]


def _path_length() -> Case:
    root = make("short", (x509.BasicConstraints(ca=True, path_length=0), True), CA[1])
    one = make("one", *CA, by=root)
    two = make("two", *CA, by=one)
    leaf = make("leaf", by=two, names=["localhost"])
    return [root], [leaf, two, one], "path-length", ["path length"]


def _name_constraints() -> Case:
    constraints = x509.NameConstraints([x509.DNSName("corp.example")], None)
    root = make("for corp", *CA, (constraints, True))
    leaf = make("leaf", by=root, names=["localhost"])
    return [root], [leaf], "name-constraints", ["CN=for corp"]


def _purpose() -> Case:
    usage = (x509.ExtendedKeyUsage([CLIENT_AUTH]), False)
    leaf = make("a client", usage, by=ROOT, names=["localhost"])
    return [ROOT], [leaf], "purpose", ["extended key usage of CN=a client"]


def _key_usage() -> Case:
    leaf = make("leaf", key_usage("crl_sign"), by=ROOT, names=["localhost"])
    return [ROOT], [leaf], "purpose", ["the key usage of CN=leaf", "digitalSignature"]


def _netscape_type() -> Case:
    client = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.16.840.1.113730.1.1"), NS_CLIENT)
    leaf = make("leaf", (client, False), by=ROOT, names=["localhost"])
    return [ROOT], [leaf], "purpose", ["what one of them says of its use", "serverAuth"]


def _critical_extension() -> Case:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\0")
    handled = x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.DNSName("a")], None, None, None)]
    )
    extensions = [(each, True) for each in (handled, unknown, x509.CRLNumber(1))]
    leaf = make("leaf", *extensions, by=ROOT, names=["localhost"])
    told = "does not know a critical extension: 1.2.3.4 of CN=leaf, 2.5.29.20 of CN=leaf:"
    return [ROOT], [leaf], "critical-extension", [told]


def _other_key() -> Case:
    return [make("Private Root", *CA)], [LEAF], "other-key", ["CN=Private Root", "user.pem"]


def _other_signature() -> Case:
    root = make("Unnamed", *CA, identified=False)
    leaf = make("leaf", by=root, names=["localhost"], identified=False)
    return [make("Unnamed", *CA, identified=False)], [leaf], "signature", ["another key"]


FAULTS: Sequence[Callable[[], Case]] = (
    _missing_root, _missing_root_sent, _missing_intermediate, _expired, _not_yet,
    _expired_intermediate, _expired_root, _expired_root_sent, _wrong_name, _self_signed,
    _ca_that_is_none, _ca_that_may_not_sign, _path_length, _name_constraints, _purpose, _key_usage,
    _netscape_type, _critical_extension, _other_key, _other_signature,
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
def test_the_cause_of(sandbox: Sandbox, fault: Callable[[], Case]) -> None:
    """One problem, by its right name, in a sentence that names who or what."""
    trusted, presented, check, words = fault()
    of(sandbox, context_for(*presented), *trusted).names(check, *words)


def test_a_renewed_root_and_a_cross_signed_one(sandbox: Sandbox) -> None:
    """An expired certificate of the same CA does no harm, nor does one that the server sends."""
    old = make("Renewed", *CA, days=(-9, -1))
    new = make("Renewed", *CA, key=old.key)
    leaf = make("leaf", by=old, names=["localhost"])
    of(sandbox, context_for(leaf), old, new).is_healthy()
    former = make("Former", *CA, days=(-9, -1))
    cross = make("Renewed", *CA, by=former, key=old.key)
    of(sandbox, context_for(leaf, cross, former), new).is_healthy()


@pytest.mark.parametrize("what", ["the server's own", "its CA's"])
def test_what_is_trusted_is_no_root(sandbox: Sandbox, what: str) -> None:
    """Python 3.13 takes it and tells of the others; before, it is refused with the reason."""
    middle = make("In Between", *CA, by=ROOT)
    leaf = make("below", by=middle, names=["localhost"])
    answer = of(sandbox, context_for(leaf), middle if what == "its CA's" else leaf)
    assert "3.13" in answer.said
    if is_313(sandbox):
        # botocore makes a context of its own, without the flag that Python 3.13 sets.
        assert set(answer.problems) <= {"client"}
        assert ("botocore" in answer.said) == bool(answer.problems)
    else:
        answer.names("no-root", what)


@pytest.mark.parametrize(
    ("label", "what"), [("a.b", "one label only"), ("a_b", "one label without a _")]
)
def test_a_wildcard_stands_for_one_label(sandbox: Sandbox, label: str, what: str) -> None:
    """The name that nearly fits is told. (localhost is at hand for any name below it.)"""
    leaf = make("leaf", by=ROOT, names=["*.localhost"])
    with serving(Echo, context_for(leaf)) as server, serving(Tunnel) as proxy:
        env = {**trusting(sandbox, ROOT), "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
        answer = ask(sandbox, f"{label}.localhost:{server.port}", env)
    answer.names("name", f"*.localhost stands for {what}", f"issued anew for {label}.localhost")


def test_an_address(sandbox: Sandbox) -> None:
    """It counts where it stands as an address, not where it stands as a DNS name."""
    of(sandbox, context_for(LEAF), ROOT, host="127.0.0.1").is_healthy()
    name = x509.SubjectAlternativeName([x509.DNSName("127.0.0.1")])
    leaf = make("leaf", (name, False), by=ROOT)
    of(sandbox, context_for(leaf), ROOT, host="127.0.0.1").names(
        "name", "as an IP address", "issued anew"
    )


def test_an_address_of_a_kind_that_this_machine_has_not(sandbox: Sandbox) -> None:
    """A name may have IPv6 addresses where the kernel knows nothing of IPv6: the next one does."""
    code = """
        import socket, sys
        from certifi_system_store_wrapper.commands import main
        known = socket.getaddrinfo

        def both(host, port, **more):
            found = known(host, port, **more)
            return [(socket.AF_INET6, *found[0][1:4], ("::1", port, 0, 0)), *found]

        def refuse(event, arguments):
            if event == "socket.__new__" and arguments[1] == socket.AF_INET6:
                raise OSError(97, "Address family not supported by protocol")

        socket.getaddrinfo = both
        sys.addaudithook(refuse)
        sys.exit(main(["doctor", sys.argv[1], "--json"]))
        """
    program = write(sandbox.work / "program.py", textwrap.dedent(code).encode())
    with serving(Echo, context_for(LEAF)) as server:
        where = f"127.0.0.1:{server.port}"
        env = {**trusting(sandbox, ROOT), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
        done = sandbox.run(str(program), where, env=env)
    Answer(done.returncode, json.loads(done.stdout)).is_healthy()


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6(sandbox: Sandbox, host: str) -> None:
    """With brackets, as in a URL; without them there is no port."""
    try:
        server = serving(Echo, context_for(LEAF), host="::1")
        with server as listening:
            if host == "[::1]":
                answer = ask(sandbox, f"{host}:{listening.port}", trusting(sandbox, ROOT))
                answer.is_healthy()
            else:
                ask(sandbox, host).names("connection", "[::1]:443")
    except OSError as error:
        pytest.skip(f"there is no IPv6 here: {error}")


def test_weak_certificates(sandbox: Sandbox) -> None:
    """A short key, of the server or of its CA, and SHA-1."""
    short = make("short", by=ROOT, names=["localhost"], rsa_bits=1024)
    root = make("Short Root", *CA, rsa_bits=1024)
    by_short = make("leaf", by=root, names=["localhost"])
    long = make("Long Root", *CA, rsa_bits=2048)
    middle = with_sha1(make("In Between", *CA, by=long), long)
    by_sha1 = make("leaf", by=middle, names=["localhost"])
    for presented, trusted in (([short], ROOT), ([by_short], root), ([by_sha1, middle], long)):
        of(sandbox, context_for(*presented), trusted).names("weak", "too")


def test_a_ca_that_is_left_out_or_out_of_reach(sandbox: Sandbox) -> None:
    """It is here: but its own words, or PYTHON_CERTIFI_SOURCES, exclude it."""
    usage = (x509.ExtendedKeyUsage([CLIENT_AUTH]), False)
    root = make("For Clients", *CA, usage)
    folder = write(sandbox.work / "cas" / "root.pem", root.pem).parent
    leaf = make("leaf", by=root, names=["localhost"])
    with serving(Echo, context_for(leaf)) as server:
        env = {"PYTHON_CERTIFI_CERT_FILES": str(folder)}
        answer = ask(sandbox, f"localhost:{server.port}", env)
    answer.names("left-out", "extended key usage", "root.pem", "whoever runs that CA")
    with serving(Echo, context_for(LEAF)) as server:
        env = {**trusting(sandbox, ROOT), "PYTHON_CERTIFI_SOURCES": "certifi"}
        answer = ask(sandbox, f"localhost:{server.port}", env)
    answer.names("sources", "user source, which PYTHON_CERTIFI_SOURCES leaves out")


def test_who_lacks_the_ca_beside_another_fault(sandbox: Sandbox) -> None:
    """A new certificate of the server would not help them."""
    old = make("a server", by=ROOT, names=["localhost"], days=(-9, -1))
    with serving(Echo, context_for(old)) as server:
        env = {**trusting(sandbox, ROOT), "PYTHON_CERTIFI_SSL_DEFAULTS": "0"}
        answer = ask(sandbox, f"localhost:{server.port}", env)
    assert answer.problems == ["expired", "client"], answer
    assert "aiohttp" in answer.said and "PYTHON_CERTIFI_SSL_DEFAULTS=1" in answer.said


@pytest.mark.posix("it has no /dev/null")
def test_defaults_that_are_switched_off(sandbox: Sandbox) -> None:
    """By SSL_CERT_FILE=/dev/null, which is empty, and where nobody waits."""
    with serving(Echo, context_for(LEAF)) as server:
        env = {**trusting(sandbox, ROOT), "SSL_CERT_FILE": os.devnull}
        answer = ask(sandbox, f"localhost:{server.port}", env)
    assert "waits" not in answer.said
    assert answer.data["outcomes"]["ssl defaults"]["trusted"]


def test_a_distrusted_root(sandbox: Sandbox) -> None:
    """A TRUSTED block that rejects it stands in what SSL_CERT_FILE names."""
    der = ROOT.certificate.public_bytes(Encoding.DER)
    path = write(sandbox.work / "store.pem", trusted_pem(der, reject=["serverAuth"]))
    with serving(Echo, context_for(LEAF)) as server:
        answer = ask(sandbox, f"localhost:{server.port}", {"SSL_CERT_FILE": str(path)})
    # httpx has no other roots then.
    assert answer.problems == ["distrusted", "variable"]
    assert str(path) in answer.said


def test_a_root_that_the_user_distrusts(sandbox: Sandbox) -> None:
    """No administrator and no `add` overrules that: their file has to go."""
    der = ROOT.certificate.public_bytes(Encoding.DER)
    rejected = write(sandbox.work / "rejected.pem", trusted_pem(der, reject=["serverAuth"]))
    env = {"PYTHON_CERTIFI_CERT_FILES": str(rejected)}
    with serving(Echo, context_for(LEAF)) as server:
        answer = ask(sandbox, f"localhost:{server.port}", env)
    answer.names("distrusted", "remove that file", str(rejected))
    assert "administrator" not in answer.said


def refused_when_strict(answer: Answer) -> str:
    """Return OpenSSL's words against a server that only the strict checks refuse; "" if it is old.

    Python 3.13 refuses it, and older ones say that it would.
    """
    outcome = answer.data["outcomes"]["the bundle, strict"]
    if outcome["trusted"]:  # before its third version, OpenSSL has few of these checks
        answer.is_healthy()
        return ""
    is_problem = answer.problems == ["strict"]
    assert (answer.status, answer.problems) == ((1, ["strict"]) if is_problem else (0, []))
    return str(outcome["message"])


def test_the_strict_checks_alone(sandbox: Sandbox) -> None:
    """Python 3.13 refuses a CA without key usage: who has to issue what is told."""
    root = make("Lenient", CA[0])
    answer = of(sandbox, context_for(make("leaf", by=root, names=["localhost"])), root)
    words = refused_when_strict(answer)
    if words:
        assert f"CN=Lenient: {words}: whoever runs the CA CN=Lenient has to" in answer.said
    assert bool(answer.problems) == (is_313(sandbox) and bool(words))


def test_the_strict_checks_of_an_intermediate(sandbox: Sandbox) -> None:
    """It names the key of its issuer, as everything but the last of a chain."""
    key = ec.generate_private_key(ec.SECP256R1())
    held = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    between = make("Between", *CA, (held, False), by=ROOT, key=key, identified=False)
    answer = of(sandbox, context_for(make("leaf", by=between, names=["localhost"]), between), ROOT)
    words = refused_when_strict(answer)
    if words:
        assert f"refuse it: CN=Between: {words}: whoever runs the CA CN=Between" in answer.said


def test_the_strict_checks_of_the_servers_own(sandbox: Sandbox) -> None:
    """And that of a CA beside it: each is named, and who has to issue it."""
    root = make("Lenient", CA[0])
    answer = of(
        sandbox, context_for(make("leaf", by=ROOT, names=["localhost"], identified=False)), ROOT
    )
    words = refused_when_strict(answer)
    if words:
        assert f"refuse it: CN=leaf: {words}: whoever runs the server has to" in answer.said
    leaf = make("leaf", by=root, names=["localhost"], identified=False)
    answer = of(sandbox, context_for(leaf), root)
    words = refused_when_strict(answer)
    if words:
        assert f"refuse it: CN=leaf: {words}; CN=Lenient: " in answer.said
        assert "whoever runs the server and whoever runs the CA CN=Lenient has to" in answer.said


def test_an_inspecting_proxy(sandbox: Sandbox) -> None:
    """Its name gives it away, trusted or not; and nobody is Zscaler for a part of a word."""
    root = make("Zscaler Root CA", *CA)
    context = context_for(make("leaf", by=root, names=["localhost"]))
    of(sandbox, context).names("inspection", "TLS-inspecting", "Zscaler")
    answer = of(sandbox, context, root)
    answer.is_healthy()
    assert "a TLS-inspecting proxy, by its name" in answer.said
    other = make("Preset Charleston Root", *CA)
    of(sandbox, context_for(make("leaf", by=other, names=["localhost"]))).names("issuer")


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("required", [True, False])
def test_a_client_certificate(sandbox: Sandbox, version: str, *, required: bool) -> None:
    """A server that insists is named; one that would like one is healthy."""
    context = context_for(LEAF)
    context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    context.maximum_version = ssl.TLSVersion[version]
    answer = of(sandbox, context, ROOT)
    if required:
        answer.names("client-certificate", "cert=")
    else:
        answer.is_healthy()
    if required:  # whoever does not trust the server has to be told that first
        of(sandbox, context).names("issuer")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_version(sandbox: Sandbox) -> None:
    """TLS 1.1 and nothing newer."""
    context = context_for(LEAF)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    of(sandbox, context, ROOT).names("tls-version", "nothing newer than TLSv1.1")


def test_a_server_that_knows_another_name(sandbox: Sandbox) -> None:
    """It looks at SNI and gives up."""
    context = context_for(LEAF)
    context.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    of(sandbox, context, ROOT).names("handshake", "SNI")


@pytest.mark.parametrize(
    ("handler", "check", "word"),
    [
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "connection", "does not speak TLS"),
        (saying(b"220 mail ESMTP\r\n", reads=False, pause=1), "connection", "SMTP"),
        (saying(bytes(range(256)) * 9), "connection", "does not speak TLS"),
        (saying(), "handshake", "hangs up"),
        (Resetting, "handshake", "firewall"),
        (saying(b"\x16", pause=30), "handshake", "out"),
        (saying(*b"\x16 \3 \3 \x3f \xff".split(), *[b"\0"] * 99, pause=0.3), "handshake", "out"),
        (presenting(b"garbage"), "unreadable", "is none"),
        (presenting(DER, b"\x1b[31m", b""), "unreadable", "is none"),
        (presenting(DER[:-1]), "unreadable", "is none"),
        (presenting(*[DER] * 300), "handshake", ""),
    ],
)  # fmt: skip
def test_no_tls_or_none_that_can_be_read(
    sandbox: Sandbox, handler: type, check: str, word: str
) -> None:
    """Bounded in time and bytes, one sentence, no escape sequence."""
    with serving(handler) as server:
        done = sandbox.run(*COMMAND, f"https://localhost:{server.port}/x?y", "--json")
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout
    Answer(done.returncode, json.loads(done.stdout)).names(check, word)


def test_a_server_that_has_enough_of_us(sandbox: Sandbox) -> None:
    """It answers once, and hangs up from then on: that is no matter of ciphers."""

    class Once(Echo):
        def handle(self) -> None:
            if not self.server.stopped.is_set():
                self.server.stopped.set()
                super().handle()

    with serving(Once, context_for(LEAF)) as server:
        answer = ask(sandbox, f"localhost:{server.port}", trusting(sandbox, ROOT))
    answer.names("handshake", "hangs up")


@pytest.mark.parametrize("served", [2, 3, 4])
def test_a_server_that_hangs_up_in_the_end(sandbox: Sandbox, served: int) -> None:
    """It has answered some, so that no certificate is to blame, and nothing is ok."""

    class Few(Echo):
        def handle(self) -> None:
            self.server.asked.append(b"")
            if len(self.server.asked) <= served:
                super().handle()

    with serving(Few, context_for(LEAF)) as server:
        answer = ask(sandbox, f"localhost:{server.port}", trusting(sandbox, ROOT))
    answer.names("connection", "has answered, and then took no more connections", "not all")
    assert "issued anew" not in answer.said


def test_a_server_with_two_certificates(sandbox: Sandbox) -> None:
    """One is of a CA that nobody trusts: that there are two is told."""
    other = context_for(make("a server", by=make("Other Root", *CA), names=["localhost"]))

    class InTurn(Echo):
        def handle(self) -> None:
            self.server.asked.append(b"")
            if len(self.server.asked) % 2:
                self.server.context = other
            else:
                self.server.context = context_for(LEAF)
            super().handle()

    with serving(InTurn, context_for(LEAF)) as server:
        answer = ask(sandbox, f"localhost:{server.port}", trusting(sandbox, ROOT))
    assert answer.status == 1 and "different certificates" in answer.said
    assert "different certificates" not in of(sandbox, context_for(LEAF)).said


def test_a_server_that_ends_meanwhile(sandbox: Sandbox) -> None:
    """What it has shown and the rows until then are told, and that not all was tried."""

    class Ending(Echo):
        def handle(self) -> None:
            self.server.asked.append(b"")
            if len(self.server.asked) == 3:
                self.server.shutdown()
                self.server.server_close()
            super().handle()

    with serving(Ending, context_for(LEAF)) as server:
        answer = ask(sandbox, f"localhost:{server.port}", trusting(sandbox, ROOT))
    answer.names("connection", "has answered, and then took no more connections", "not all")
    assert [each["subject"] for each in answer.data["chain"]] == ["CN=a server"]
    rows = {each["name"]: each["trusted"] for each in answer.data["trusts"]}
    assert rows == {"certifi alone": False, "the bundle": True}


@pytest.mark.posix("there are no such files")
@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_what_variables_of_openssl_name(sandbox: Sandbox, name: str) -> None:
    """No key of ours is logged, and nobody waits for who writes into a FIFO."""
    keys, folder = sandbox.work / "keys", sandbox.work / "folder"
    folder.mkdir()
    path = write(sandbox.work / "root.pem", ROOT.pem)
    digest = ("openssl", "x509", "-in", str(path), "-noout", "-subject_hash")
    fifo = folder / f"{subprocess.check_output(digest, encoding='ascii').strip()}.0"
    os.mkfifo(fifo)
    named = str(fifo if name == "SSL_CERT_FILE" else folder)
    env = {**trusting(sandbox, ROOT), "SSLKEYLOGFILE": str(keys), name: named}
    with serving(Echo, context_for(LEAF)) as server:
        answer = ask(sandbox, f"localhost:{server.port}", env)
    assert answer.problems[0] == "variable"
    assert "is no file" in answer.said
    assert not keys.exists()


GREETS = """
import socket, ssl, sys
server = socket.create_connection(("localhost", int(sys.argv[1])))
ssl.create_default_context().wrap_socket(server, server_hostname="localhost").close()
"""


@pytest.mark.posix("there are no such files")
def test_a_fifo_beside_the_ca(sandbox: Sandbox) -> None:
    """OpenSSL opens only what has the name that it looks for, so that who reads it is served."""
    folder = sandbox.work / "folder"
    folder.mkdir()
    os.mkfifo(folder / "abcdef12.0")
    with serving(Echo, context_for(LEAF)) as server:
        for is_served in (False, True):
            if is_served:
                write(folder / "ca.pem", ROOT.pem)
                subprocess.run(("openssl", "rehash", str(folder)), check=True)
            env = {"SSL_CERT_DIR": str(folder)}
            done = sandbox.run("-c", GREETS, str(server.port), env=env)
            assert ("CERTIFICATE_VERIFY_FAILED" in done.stderr) != is_served == (done.stderr == "")
            answer = ask(sandbox, f"localhost:{server.port}", env)
            assert answer.data["outcomes"]["ssl defaults"]["trusted"] == is_served
            assert "abcdef12.0 is no file" in answer.said


@pytest.mark.posix("there are no such files")
@pytest.mark.parametrize("kind", ["a link to nowhere", "a FIFO", "/dev/null"])
def test_a_log_of_keys(sandbox: Sandbox, kind: str) -> None:
    """urllib fails where it cannot be opened, and so does doctor; a FIFO makes both no longer."""
    path = sandbox.work / "keys"
    if kind == "a FIFO":
        os.mkfifo(path)
    elif kind == "a link to nowhere":
        path.symlink_to("/no/such/folder/keys")
    env = {**trusting(sandbox, ROOT), "SSLKEYLOGFILE": kind if kind[0] == "/" else str(path)}
    with serving(Echo, context_for(LEAF)) as server:
        answer = ask(sandbox, f"localhost:{server.port}", env)
    assert answer.problems == ([] if kind[0] == "/" else ["variable"])


def test_nobody_answers(sandbox: Sandbox) -> None:
    """A port that was free a moment ago, and a name that is nobody's."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ask(sandbox, f"localhost:{port}").names("connection", "cannot be reached")
    ask(sandbox, "no-such-host.invalid").names("connection", "no-such-host.invalid", "DNS")


def test_huge_certificates(sandbox: Sandbox) -> None:
    """2,000 names and a long subject are told in a few lines; more is more than OpenSSL reads."""
    names = [f"host-{number}.example" for number in range(2000)]
    leaf = make("x" * 64, by=ROOT, names=names)
    answer = of(sandbox, context_for(leaf), ROOT)
    answer.names("name", "host-0.example", "1990 more")
    assert len(answer.said) < 1000
    leaf = make("leaf", by=ROOT, names=names * 5)
    answer = of(sandbox, context_for(leaf), ROOT)
    assert (answer.status, answer.problems) in ((1, ["handshake"]), (1, ["name"]))


def test_a_name_that_acts_on_the_terminal(sandbox: Sandbox) -> None:
    """It is escaped, in text and in JSON."""
    root = make("\x1b[31m\u202egnp\nroot", *CA)
    leaf = make("leaf", by=root, names=["localhost"])
    with serving(Echo, context_for(leaf)) as server:
        for options in ([], ["--json"]):
            done = sandbox.run(*COMMAND, f"localhost:{server.port}", *options)
            text = (
                json.dumps(json.loads(done.stdout), ensure_ascii=False) if options else done.stdout
            )
            assert "\\x1b[31m" in text and "\\u202e" in text
            assert not [c for c in text if not c.isprintable() and c != "\n"]


def test_what_would_refuse_it_next(sandbox: Sandbox) -> None:
    """OpenSSL stops at the issuer: another name and a date are told beside it, where they are."""
    stale = make("stale", by=ROOT, names=["*.example.com"], days=(-9, -1))
    answer = of(sandbox, context_for(stale))
    answer.names("issuer", "even then: the server's own certificate is expired")
    assert "even then: the certificate is for another name than localhost" in answer.said
    alone = make("alone", names=["127.0.0.1"])
    of(sandbox, context_for(alone)).names("self-signed", "even then: the certificate is for")
    for host in ("localhost", "127.0.0.1"):
        assert "even then" not in of(sandbox, context_for(LEAF), host=host).said


def test_a_certificate_without_a_name(sandbox: Sandbox) -> None:
    """It is told by its SHA-256, also where the strict checks have something against it."""
    leaf = make("", by=ROOT, names=["localhost"], name=x509.Name([]))
    called = f"SHA-256 {leaf.certificate.fingerprint(hashes.SHA256()).hex()}"
    answer = of(sandbox, context_for(leaf), ROOT)
    words = refused_when_strict(answer)
    if words:
        assert f"refuse it: {called}: {words}" in answer.said
    with serving(Echo, context_for(leaf)) as server:
        done = sandbox.run(*COMMAND, f"localhost:{server.port}", env=trusting(sandbox, ROOT))
    assert f"chain 0   {called} [" in done.stdout


# Proxies.


def by_proxy(
    sandbox: Sandbox, proxy: str, more: Mapping[str, str], host: str = "localhost"
) -> Answer:
    """Ask about a server behind the proxy, which is `{}` in the variables."""
    with serving(Echo, context_for(LEAF)) as server:
        env = {name: value.replace("{}", proxy) for name, value in more.items()}
        return ask(sandbox, f"{host}:{server.port}", {**trusting(sandbox, ROOT), **env})


def test_by_a_proxy(sandbox: Sandbox) -> None:
    """CONNECT with what the variable says, which is shown to nobody."""
    with serving(Tunnel) as proxy:
        url = f"http://me:s3cret%40@127.0.0.1:{proxy.port}"
        for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
            answer = by_proxy(sandbox, url, {variable: "{}"})
            answer.is_healthy()
            assert answer.data["proxy"] == f"127.0.0.1:{proxy.port}"
            assert "s3cret" not in json.dumps(answer.data)
        assert proxy.asked[0].startswith(b"CONNECT localhost:")
        assert b"Proxy-Authorization: Basic bWU6czNjcmV0QA==\r\n" in proxy.asked[0]


def test_a_proxy_hides_behind_another_name(sandbox: Sandbox) -> None:
    """The name goes to the proxy as DNS spells it, and no DNS of ours is asked."""
    with serving(Tunnel) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        by_proxy(sandbox, url, {"HTTPS_PROXY": "{}"}, host="b\u00fccher.example").is_healthy()
        assert proxy.asked[0].startswith(b"CONNECT xn--bcher-kva.example:")


@pytest.mark.parametrize(
    "no_proxy", ["localhost", "*", ".localhost, localhost:{port}", "x,LOCALHOST", "127.0.0.0/8"]
)
def test_around_the_proxy(sandbox: Sandbox, no_proxy: str) -> None:
    """NO_PROXY by name, port, address or network; the proxy is never asked."""
    host = "127.0.0.1" if "127" in no_proxy else "localhost"
    with serving(Tunnel) as proxy, serving(Echo, context_for(LEAF)) as server:
        env = {
            **trusting(sandbox, ROOT),
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}",
            "NO_PROXY": no_proxy.format(port=server.port),
        }
        answer = ask(sandbox, f"{host}:{server.port}", env)
    answer.is_healthy()
    assert (answer.data["proxy"], proxy.asked) == (None, [])


def test_a_proxy_over_tls(sandbox: Sandbox) -> None:
    """It is spoken to over TLS, and has to be trusted as well."""
    with serving(Tunnel, context_for(LEAF)) as proxy:
        url = f"https://localhost:{proxy.port}"
        by_proxy(sandbox, url, {"HTTPS_PROXY": "{}"}).is_healthy()
        answer = by_proxy(sandbox, url, {"HTTPS_PROXY": "{}", "PYTHON_CERTIFI_CERT_FILES": ""})
        answer.names("connection", "cannot be spoken to over TLS", "unable to get local issuer")


def test_a_proxy_over_tls_that_the_bundle_alone_trusts(sandbox: Sandbox) -> None:
    """What leads to the bundle helps; who passes over proxies is not refused by it."""
    with serving(Tunnel, context_for(LEAF)) as proxy:
        url = f"https://localhost:{proxy.port}"
        env = {"HTTPS_PROXY": "{}", "PYTHON_CERTIFI_SSL_DEFAULTS": "0"}
        answer = by_proxy(sandbox, url, env)
    # requests 2.32.0 to 2.32.4 verifies a proxy by OpenSSL's defaults.
    problems = [each["message"] for each in answer.data["findings"] if each["level"] == "problem"]
    assert [each for each in problems if "aiohttp" in each] == []
    # On Python 3.13 and later they are strict.
    by_defaults = [e for e in answer.data["trusts"] if e["name"].startswith("ssl defaults")]
    assert by_defaults and all("spoken to over TLS" in each["message"] for each in by_defaults)
    assert "PYTHON_CERTIFI_SSL_DEFAULTS=1" in answer.said


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            ["user and password", "407", "USER:PASSWORD@"],
        ),
        (
            b"HTTP/1.1 407 X\r\nProxy-Authenticate: Negotiate\r\nproxy-authenticate:NTLM\r\n\r\n",
            ["no user and password, but Negotiate, NTLM", "px or cntlm"],
        ),
        (
            b'HTTP/1.1 407 X\r\nProxy-Authenticate: NTLM, Basic realm="x"\r\n\r\n',
            ["USER:PASSWORD@"],
        ),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", ["refused", "403", "NO_PROXY"]),
        (b"HTTP/1.1 200", ["does not"]),
        (b"", ["no answer"]),
        (b"\x1b[31m\r\n\r\n", ["refused"]),
        (b"ICY 200 OK\r\n\r\n", ["refused"]),
        (b"HTTP/1.1 200 OK\r\nX: " + b"\x1b[31m" * 9999, ["no end"]),
    ],
)
def test_a_proxy_that_refuses(sandbox: Sandbox, answer: bytes, words: List[str]) -> None:
    """Its answer is shown, bounded and escaped."""
    with serving(saying(answer)) as proxy:
        told = by_proxy(sandbox, f"http://x:s3cret@127.0.0.1:{proxy.port}", {"HTTPS_PROXY": "{}"})
    if answer == b"HTTP/1.1 200":  # cut off: the tunnel is taken for one, and nobody speaks TLS
        told.names("handshake", "hangs up")
        return
    told.names("connection", *words)
    assert len(told.said) < 2000
    assert "s3cret" not in told.said and "\x1b" not in told.said


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("socks5://127.0.0.1:1080", "socks5://"),
        ("http://me:s3#cret@127.0.0.1:3128", "http://HOST:PORT"),
        ("http://127.0.0.1:s3cret", "http://HOST:PORT"),
        ("http://me:s3@cret/x@127.0.0.1:3128", "%XX"),
        ("http://me:s3@cret?x@127.0.0.1:3128", "%XX"),
        ("http://", "http://HOST:PORT"),
        ("http://me:s3cret@127.0.0.1:1", "cannot be reached"),
        ("http://me:s3cret@no-such-host.invalid", "no-such-host.invalid"),
    ],
)
def test_a_proxy_that_cannot_be(sandbox: Sandbox, value: str, word: str) -> None:
    """One sentence, and never its password."""
    answer = ask(sandbox, "localhost", {"HTTPS_PROXY": value})
    answer.names("connection", word)
    assert "cret" not in json.dumps(answer.data)


def test_a_proxy_that_inspects(sandbox: Sandbox) -> None:
    """Nobody knows its CA: the proxy is named as the one that may have signed."""
    with serving(Tunnel) as proxy, serving(Echo, context_for(LEAF)) as server:
        env = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
        answer = ask(sandbox, f"localhost:{server.port}", env)
    answer.names("issuer", f"127.0.0.1:{proxy.port} if it is a TLS-inspecting one")


@pytest.mark.parametrize(
    "host",
    [
        "ftp://x",
        "https://",
        "",
        "a b",
        "x:99999",
        "x:0",
        "x:s3cret",
        "a..b",
        "https://me:s3cret@:1",
        "https://me:x@s3cret/x@localhost",
        "a\nb",
        "*.example.com",
        "x" * 300,
        "\x1b[31m",
    ],
)
def test_what_is_no_host(sandbox: Sandbox, host: str) -> None:
    """Wrong usage: one line, status 2, nothing that acts on a terminal, no password."""
    done = sandbox.run(*COMMAND, host)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "error:" in line and "s3cret" not in line and line.isprintable()


@pytest.mark.posix("there are no such signals")
@pytest.mark.parametrize("phase", ["handshake", "tunnel"])
def test_ctrl_c_is_clean(sandbox: Sandbox, phase: str) -> None:
    """While a server or a proxy that never answers is waited for."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        env = {"HTTPS_PROXY": f"http://{where}"} if phase == "tunnel" else {}
        process = subprocess.Popen(
            [str(sandbox.environment.python), *COMMAND, where if not env else "localhost"],
            env=sandbox.variables(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )
        connection, _ = silent.accept()
        connection.recv(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        connection.close()
    assert (process.returncode, out) == (130, "")
    assert err == "certifi-system-store-wrapper: interrupted\n"


REMOVED = """
    import hashlib, sys
    from certifi_system_store_wrapper import commands
    from certifi_system_store_wrapper.commands import whose

    advisory = {"id": "GHSA-1", "cve": "CVE-1", "url": "https://example.com/GHSA-1"}
    whose._removed = lambda: {sys.argv[2]: {"last": "2020.1.1", "advisory": advisory}}
    sys.exit(commands.main(["doctor", sys.argv[1], "--json"]))
"""


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "refused"])
def test_a_chain_that_ends_in_a_root_that_certifi_has_removed(
    sandbox: Sandbox, trusted: bool
) -> None:
    """It is named with its advisory, where it is trusted and where it is only presented."""
    with serving(Echo, context_for(LEAF, *([] if trusted else [ROOT]))) as server:
        for der in (ROOT.certificate.public_bytes(Encoding.DER), DER + b"other"):
            program = write(sandbox.work / "program.py", textwrap.dedent(REMOVED).encode())
            digest = hashlib.sha256(der).hexdigest()
            arguments = (str(program), f"localhost:{server.port}", digest)
            env = trusting(sandbox, *([ROOT] if trusted else []))
            done = sandbox.run(*arguments, env={**env, "PYTHON_CERTIFI_SSL_DEFAULTS": "1"})
            findings = json.loads(done.stdout)["findings"]
            told = [each for each in findings if each["check"] == "removed"]
            if der.endswith(b"other"):
                assert told == []
                continue
            assert [each["level"] for each in told] == ["note"]
            assert "removed by certifi after 2020.1.1 by GHSA-1 (CVE-1)" in told[0]["message"]
            assert "https://example.com/GHSA-1" in told[0]["remedy"]
            assert "PYTHON_CERTIFI_SOURCES=certifi,local,user" in told[0]["remedy"]
            assert done.returncode == (0 if trusted else 1)


SWITCH = {"PYTHON_CERTIFI_SSL_DEFAULTS": "1"}


def _named(sandbox: Sandbox) -> Dict[str, str]:
    return {**SWITCH, **trusting(sandbox, ROOT)}


def _whole(sandbox: Sandbox) -> str:
    """Return a file with the public roots and the private one, as administrators make them."""
    own = sandbox.environment.own_list.read_bytes()
    return str(write(sandbox.work / "whole.pem", own + ROOT.pem))


def _added(sandbox: Sandbox) -> Dict[str, str]:
    given = write(sandbox.work / "given.pem", ROOT.pem)
    assert sandbox.run(*COMMAND[:-1], "add", str(given)).returncode == 0
    return SWITCH


def _shellenv(sandbox: Sandbox) -> Dict[str, str]:
    env = trusting(sandbox, ROOT)
    done = sandbox.run(*COMMAND[:-1], "shellenv", "--json", env=env)
    return {**env, **json.loads(done.stdout)["variables"]}


def _file(sandbox: Sandbox, path: str, text: str) -> Dict[str, str]:
    write(sandbox.home / path, text.encode())
    return _named(sandbox)


HEALTHY: Dict[str, Callable[[Sandbox], Dict[str, str]]] = {
    "named": _named,
    "added": _added,
    "shellenv": _shellenv,
    "a whole file": lambda s: {"SSL_CERT_FILE": _whole(s)},
    "whole files for all": lambda s: dict.fromkeys(
        ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "PIP_CERT"),
        _whole(s),
    ),
    "empty variables": lambda s: {
        **_named(s),
        # Not requests' variable: botocore reads it, too, and refuses what is empty.
        **dict.fromkeys(("CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "PIP_CERT"), ""),
    },
    "a persistent bundle": lambda s: {**_named(s), "PYTHON_CERTIFI_BUNDLE_DIR": str(s.work / "b")},
    "a profile that nobody chose": lambda s: _file(
        s, ".aws/config", "[default]\nregion = x\n[profile a]\nca_bundle = /no/such.pem\n"
    ),
    "settings of a pip elsewhere": lambda s: _file(s, ".config/pip/pip.conf", "[global]\ncert=/x"),
    "a repository elsewhere": lambda s: _file(
        s,
        ".config/pypoetry/config.toml",
        '[repositories.a]\nurl = "https://a.example/"\n[certificates.a]\ncert = "/a.pem"\n',
    ),
    "a log of keys": lambda s: {**_named(s), "SSLKEYLOGFILE": str(s.work / "keys")},
}


@pytest.mark.parametrize("name", HEALTHY)
def test_no_false_alarm(sandbox: Sandbox, name: str) -> None:
    """Every client that is here gets through, so nothing is a problem."""
    env = HEALTHY[name](sandbox)
    with serving(Echo, context_for(LEAF)) as server:
        done = sandbox.run(*COMMAND, f"localhost:{server.port}", "--json", env=env)
    answer = Answer(done.returncode, json.loads(done.stdout))
    answer.is_healthy()
    assert [e["check"] for e in answer.data["findings"] if e["level"] == "ok"][:1] == ["server"]


def test_clients_that_were_all_led_elsewhere(fresh: Sandbox) -> None:
    """Where the only client has the CA by its variable, all is well without our bundle."""
    with serving(Echo, context_for(LEAF)) as server:
        where = f"localhost:{server.port}"
        answer = ask(fresh, where, {"REQUESTS_CA_BUNDLE": _whole(fresh)})
        answer.is_healthy()
        assert "the bundle, which none of them asks" in answer.said
        assert ask(fresh, where).status == 1
