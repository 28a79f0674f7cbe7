"""doctor HOST: causes that are easily told wrongly, each with the verdict of the real clients."""

from __future__ import annotations

import json
import textwrap
from typing import Sequence, Set

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from support import MODULE, Sandbox, assert_fetched, assert_untrusted, write
from support.doctor import Answer, ask, is_313, trusting
from support.minting import CA, Issuer, make
from support.servers import context_for, serving_pages

NAMES = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME, "C": NameOID.COUNTRY_NAME}
NAMES["OU"] = NameOID.ORGANIZATIONAL_UNIT_NAME


def named(text: str) -> x509.Name:
    """Return a name as the doctor writes it, most specific part first."""
    parts = [part.split("=", 1) for part in reversed(text.split(", "))]
    return x509.Name([x509.NameAttribute(NAMES[kind], value) for kind, value in parts])


# Two certificates of one name.


def test_the_wrong_one_of_two_cas_is_asked(sandbox: Sandbox) -> None:
    """The right one is there: the other is to be removed, and then the clients get through."""
    right = make("Twin", *CA, identified=False, days=(-9, 9))
    wrong = make("Twin", *CA, identified=False, days=(-1, 9))
    leaf = make("leaf", by=right, names=["localhost"], identified=False)
    wrong_file = write(sandbox.work / "wrong.pem", wrong.pem)
    command = ("-m", MODULE)
    assert sandbox.run(*command, "add", str(wrong_file)).returncode == 0
    env = trusting(sandbox, right)
    with serving_pages(context_for(leaf)) as url:
        # The younger one stands first.
        done = sandbox.fetch("requests", url, env)
        if done.stdout == "verify code 85\n":
            pytest.skip("this Python is strict: a certificate has to name the key of its issuer")
        assert (done.returncode, done.stdout) == (1, "verify code 7\n")
        answer = ask(sandbox, url, env)
        answer.names("other-key", f"{sandbox.work / 'user.pem'}", "before it", "remove ")
        (told,) = [each for each in answer.data["findings"] if each["level"] == "problem"]
        assert sandbox.run(*command, *told["remedy"].split()[1:]).returncode == 0
        assert_fetched(sandbox.fetch("requests", url, env))
        ask(sandbox, url, env).is_healthy()


def test_both_of_two_cas_lie_in_one_file(sandbox: Sandbox) -> None:
    """Which file, and which certificate in it, is told; nothing of the kind where none is right."""
    right = make("Twin", *CA, identified=False, days=(-9, 9))
    wrong = make("Twin", *CA, identified=False, days=(-1, 9))
    leaf = make("leaf", by=right, names=["localhost"], identified=False)
    with serving_pages(context_for(leaf)) as url:
        answer = ask(sandbox, url, trusting(sandbox, wrong, right))
        answer.names("other-key", "take the certificate with the SHA-256")
        third = make("Twin", *CA, identified=False, days=(-5, 9))
        ask(sandbox, url, trusting(sandbox, wrong, third)).names("signature")


def test_two_self_signed_certificates_of_one_name(sandbox: Sandbox) -> None:
    """As of an appliance that has a new one. Who is refused by the other learns to remove it."""
    alike = {"names": ["localhost"], "identified": False}
    both = [make("localhost", days=(-at, 9), **alike) for at in (2, 1)]
    command = ("-m", MODULE)
    for at, one in enumerate(both):
        added = write(sandbox.work / f"{at}.pem", one.pem)
        assert sandbox.run(*command, "add", str(added)).returncode == 0
    is_refused = False
    for one in both:
        with serving_pages(context_for(one)) as url:
            if sandbox.fetch("requests", url).returncode == 0:
                continue
            is_refused = True
            answer = ask(sandbox, url)
            answer.names("other-key", "it is trusted here", "before it")
            (told,) = [e for e in answer.data["findings"] if e["level"] == "problem"]
            remedy = told["remedy"].partition("refused still: ")[2].split()
            assert sandbox.run(*command, *remedy[1:]).returncode == 0
            assert sandbox.fetch("requests", url).returncode == 0
            break
    assert is_refused != is_313(sandbox)


# No alternative names.


@pytest.mark.parametrize("names", [(), ("10.0.0.1",)], ids=["alone", "beside an address"])
def test_who_reads_a_common_name(sandbox: Sandbox, names: Sequence[str]) -> None:
    """Each client that is named does as is said of it; it is a problem if one refuses."""
    root = make("Private Root", *CA)
    env = {**trusting(sandbox, root), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    with serving_pages(context_for(make("localhost", by=root, names=names))) as url:
        answer = ask(sandbox, url, env)
        (told,) = [each for each in answer.data["findings"] if each["check"] == "name"]
        assert "no DNS name" in told["message"]
        said = told["message"].partition("and so ")[2]
        reading, refusing = map(clients_in, said.partition(", but not ")[::2])
        for client in ("requests", "httpx", "aiohttp", "botocore"):
            is_served = sandbox.fetch(client, url, env).returncode == 0
            assert (client in reading, client in refusing) == (is_served, not is_served), client
    assert (answer.status, answer.problems) == (bool(refusing), ["name"] * bool(refusing))


def clients_in(listed: str) -> Set[str]:
    """Return the names in a list of clients and their versions."""
    return {each.split()[0] for each in listed.split(", ") if each}


def test_another_common_name(sandbox: Sandbox) -> None:
    """Then nobody accepts it; nor an address that stands nowhere else."""
    root = make("Private Root", *CA)
    with serving_pages(context_for(make("127.0.0.1", by=root))) as url:
        by_address = url.replace("localhost", "127.0.0.1")
        ask(sandbox, by_address, trusting(sandbox, root)).names(
            "name", "an address counts only there"
        )
    with serving_pages(context_for(make("other.example", by=root))) as url:
        ask(sandbox, url, trusting(sandbox, root)).names("name", "another common name")


# Roots that are new, or that were removed.

X1 = "CN=ISRG Root X1, O=Internet Security Research Group, C=US"
YR = "CN=Root YR, O=ISRG, C=US"


def test_a_cross_signed_certificate_that_is_not_sent(sandbox: Sandbox) -> None:
    """As of Let's Encrypt's generation Y: by its name; with that certificate all is well."""
    x1, key = make("", *CA, name=named(X1)), make("key").key
    cross = make("", *CA, name=named(YR), by=x1, key=key)
    middle = make("YR1", *CA, by=cross)
    leaf = make("leaf", by=middle, names=["localhost"])
    env = trusting(sandbox, x1)
    with serving_pages(context_for(leaf, middle)) as url:
        assert_untrusted(sandbox.fetch("requests", url, env))
        ask(sandbox, url, env).names("intermediate", X1, YR, "does not send that certificate")
    with serving_pages(context_for(leaf, middle, cross)) as url:
        assert_fetched(sandbox.fetch("requests", url, env))
        ask(sandbox, url, env).is_healthy()


def test_a_root_that_certifi_has_removed(sandbox: Sandbox) -> None:
    """The server does not send it, so its name is all that is known."""
    code = f"""
        from {MODULE}.commands import whose
        print(next(r["subject"] for r in whose._removed().values() if "OU=" not in r["subject"]))
        """
    name = sandbox.run_code(code).stdout.strip()
    gone = Issuer(named(name), make("key").key)
    leaf = make("leaf", by=gone, names=["localhost"])
    with serving_pages(context_for(leaf)) as url:
        ask(sandbox, url).names("root", f"{name} was removed by certifi after")


def test_whether_a_root_is_missing_cannot_be_told(sandbox: Sandbox) -> None:
    """Of an issuer only the name is known: only what is certain is said to be so."""
    root = make("Private Root", *CA)
    middle = make("Issuing CA", *CA, by=root)
    leaf = make("leaf", by=middle, names=["localhost"])
    with serving_pages(context_for(leaf)) as url:
        ask(sandbox, url).names("issuer", "that is a root, or an intermediate certificate")
    with serving_pages(context_for(leaf, middle)) as url:
        ask(sandbox, url).names("issuer", "CN=Private Root (that is a root, or an intermediate")
    with serving_pages(context_for(leaf, middle, root)) as url:
        ask(sandbox, url).names("root", "its root is not trusted here: CN=Private Root")


def test_the_next_root_of_an_organisation(sandbox: Sandbox) -> None:
    """That a private CA of it is trusted does not make the issuer an intermediate."""
    old, new = (make("", *CA, name=named(f"CN=Proxy {n}, O=Acme")) for n in ("G1", "G2"))
    with serving_pages(context_for(make("leaf", by=new, names=["localhost"]))) as url:
        answer = ask(sandbox, url, trusting(sandbox, old))
    answer.names("issuer", "CN=Proxy G2, O=Acme (that is a root, or an intermediate")


# What another package has made of ssl.

INJECTED = """
import ssl

class SSLContext(ssl.SSLContext):
    # as truststore's: it has a context of its own, and Python's class is no more in ssl
    __module__ = "truststore._api"
    def __init__(self, protocol=None):
        self._ctx = _original(protocol)
    def wrap_bio(self, *arguments, **named):
        return self._ctx.wrap_bio(*arguments, **named)
    def wrap_socket(self, *arguments, **named):
        return self._ctx.wrap_socket(*arguments, **named)
    def load_verify_locations(self, *arguments, **named):
        {loads}
    def load_default_certs(self, *arguments):
        self._ctx.load_default_certs(*arguments)
    @property
    def __class__(self):
        return SSLContext

_original = ssl.SSLContext
ssl.SSLContext = SSLContext
"""


@pytest.mark.parametrize("loads", [True, False], ids=["trusting", "refusing"])
def test_another_class_in_ssl(sandbox: Sandbox, loads: bool) -> None:
    """The doctor works with Python's own, and tries the other one, too."""
    root = make("Private Root", *CA)
    leaf = make("leaf", by=root, names=["localhost"])
    load = "self._ctx.load_verify_locations(*arguments, **named)" if loads else "pass"
    program = INJECTED.format(loads=load) + textwrap.dedent(f"""
        import sys
        from {MODULE}.commands import main
        status = main(["doctor", sys.argv[1], "--json"])
        assert ssl.SSLContext is SSLContext
        sys.exit(status)
        """)
    path = write(sandbox.work / "program.py", program.encode())
    with serving_pages(context_for(leaf)) as url:
        env = {**trusting(sandbox, root), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
        done = sandbox.run(str(path), url, env=env)
    assert done.stderr == ""
    answer = Answer(done.returncode, json.loads(done.stdout))
    outcomes = answer.data["outcomes"]
    assert outcomes["the bundle"]["trusted"]
    assert outcomes["the bundle, by truststore"]["trusted"] == loads
    if loads:
        answer.is_healthy()
    else:
        answer.names("context", "made by truststore", "which refuses the server")


# The strict checks of Python 3.13: what is printed as a way out is one.


def test_what_can_be_done_until_a_strict_ca_is_issued_anew(sandbox: Sandbox) -> None:
    """The lines for httpx and requests are run as they were printed."""
    root = make("Lenient", CA[0])
    leaf = make("leaf", by=root, names=["localhost"])
    env = trusting(sandbox, root)
    with serving_pages(context_for(leaf)) as url:
        answer = ask(sandbox, url, env)
        ways = [e["remedy"] for e in answer.data["findings"] if "until then" in e["message"]]
        if not answer.problems:
            assert ways == []  # this Python is not strict
            return
        assert "pip gets through" in answer.said
        for way, call in zip(ways, ("client.get", "session.get")):
            code = f"{way}\nprint({call}({url!r}).status_code)"
            assert_fetched(sandbox.run_code(code, env=env))
            done = sandbox.run_code(code)
            assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
    assert len(ways) == 2
