"""doctor HOST --save FILE: the certificate to compare, on disk; nothing is trusted by that."""

from __future__ import annotations

import hashlib
import json
import os
import re
import ssl
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Tuple

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding

from support import POWERLESS, Sandbox, assert_untrusted, write
from support.doctor import COMMAND, Answer
from support.minting import CA, Made, make
from support.servers import Echo, Page, context_for, presenting, saying, serving, serving_https
from support.terminal import on_a_terminal

ROOT = make("Corp Root", *CA)
MIDDLE = make("Corp Issuing", *CA, by=ROOT)
LEAF = make("a server", by=MIDDLE, names=["localhost"])
ALONE = make("alone", names=["localhost"])
NAMED_AS_ITSELF = make("Corp Issuing", by=MIDDLE, names=["localhost"])
SHOWN_BY_ALL = [((ALONE,), ALONE), ((LEAF,), None), ((NAMED_AS_ITSELF,), None)]


def saving(
    sandbox: Sandbox, host: str, file: str, prefix: Sequence[str] = ()
) -> Tuple[Answer, Dict[str, str]]:
    """Ask about a server, and return the answer and the one finding about the file."""
    done = sandbox.run(*COMMAND, host, "--save", file, "--json", prefix=prefix)
    assert done.stderr == ""
    data: Dict[str, Any] = json.loads(done.stdout)
    (told,) = [each for each in data["findings"] if each["check"] == "save"]
    return Answer(done.returncode, data), told


def sha256_of(made: Made) -> str:
    """Return the SHA-256 as an IT department publishes it."""
    return hashlib.sha256(made.certificate.public_bytes(Encoding.DER)).hexdigest()


def sees_chain(sandbox: Sandbox) -> bool:
    """Whether that Python shows more than the server's own certificate."""
    code = "import ssl; print(hasattr(ssl.SSLContext, '_msg_callback'))"
    return sandbox.run_code(code).stdout == "True\n"


@pytest.mark.parametrize(
    "presented, saved",
    [
        ((LEAF, MIDDLE, ROOT), ROOT),
        ((LEAF, MIDDLE), MIDDLE),
        ((LEAF, ROOT, MIDDLE), ROOT),
        ((LEAF, MIDDLE, make("Another Root", *CA)), MIDDLE),
        *SHOWN_BY_ALL,
    ],
)
def test_which_one_is_saved(
    sandbox: Sandbox, presented: Sequence[Made], saved: Optional[Made]
) -> None:
    """The topmost CA of the chain, or what vouches for itself; never a mere server's."""
    if not sees_chain(sandbox) and (presented, saved) not in SHOWN_BY_ALL:
        pytest.skip("this Python shows only the server's own certificate")
    file = sandbox.work / "corp.pem"
    with serving(Echo, context_for(*presented)) as server:
        answer, told = saving(sandbox, f"localhost:{server.port}", str(file))
    assert (answer.status, told["level"]) == (1, "note")
    if saved is None:
        assert (answer.data["saved"], file.exists()) == (None, False)
        assert ("was presented" if sees_chain(sandbox) else "use CPython") in told["message"]
        return
    subject, digest = saved.name.rfc4514_string(), sha256_of(saved)
    assert file.read_bytes() == saved.pem
    assert answer.data["saved"] == {"path": str(file), "sha256": digest, "subject": subject}
    assert subject in told["message"] and digest in told["message"]
    assert ("(no root: its issuer CN=Corp Root is not sent)" in told["message"]) == (
        saved is MIDDLE
    )
    assert "compare" in told["remedy"] and f"add {file}" in told["remedy"]


def test_it_trusts_nothing(sandbox: Sandbox) -> None:
    """After it a client is refused as before; `add` of that file is what changes that."""
    with serving_https(Page, context_for(LEAF, MIDDLE, ROOT)) as host:
        saving(sandbox, host, "corp.pem")
        assert_untrusted(sandbox.fetch("requests", f"https://{host}/"))
    assert not sandbox.drop_folder.exists()


def test_the_exit_status_is_the_verdicts(sandbox: Sandbox, url: str, ca_file: Path) -> None:
    """A server that is trusted is healthy, whatever can be saved of it."""
    trusting = {"PYTHON_CERTIFI_CERT_FILES": str(ca_file), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
    for env, status in (({}, 1), (trusting, 0)):
        done = sandbox.run(*COMMAND, url, "--save", f"corp-{status}.pem", env=env)
        assert done.returncode == status, done


@pytest.mark.posix("there are no such terminals")
def test_the_whole_sha256_also_on_a_terminal(sandbox: Sandbox) -> None:
    """Its first digits prove nothing."""
    with serving(Echo, context_for(ALONE)) as server:
        shown = on_a_terminal(
            sandbox, ["doctor", f"localhost:{server.port}", "--save", "corp.pem"], columns=60
        )
    assert sha256_of(ALONE) in shown


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_exists_is_left_as_it_is(sandbox: Sandbox, kind: str) -> None:
    """Whatever it is, and that is told; the rest of the answer is as ever."""
    file = sandbox.work / "corp.pem"
    if kind == "folder":
        file.mkdir()
    elif kind == "link":
        if os.name == "nt":
            pytest.skip("making a link is a privilege there")
        file.symlink_to(sandbox.work / "nowhere")
    else:
        write(file, b"mine")
    before = os.lstat(file)
    with serving(Echo, context_for(ALONE)) as server:
        answer, told = saving(sandbox, f"localhost:{server.port}", str(file))
    assert (os.lstat(file), answer.data["saved"]) == (before, None)
    assert told["level"] == "problem"
    assert f"{file} exists, and is left as it is; name another file" in told["message"]
    assert answer.problems == ["self-signed", "save"]
    assert sorted(os.listdir(sandbox.work)) == ["corp.pem"]


@pytest.mark.posix("modes say nothing on Windows")
def test_a_folder_that_cannot_be_written_to(sandbox: Sandbox) -> None:
    """The reason and the next step are told; nothing is left behind."""
    closed = sandbox.work / "closed"
    closed.mkdir(mode=0o555)
    prefix = POWERLESS if os.geteuid() == 0 else []
    with serving(Echo, context_for(ALONE)) as server:
        for file, words in (
            (f"{closed}/corp.pem", "Permission denied; it has to be a place that you may write to"),
            ("none/corp.pem", "No such file or directory; make that folder first"),
        ):
            answer, told = saving(sandbox, f"localhost:{server.port}", file, prefix)
            assert (told["level"], answer.data["saved"]) == ("problem", None)
            assert f"{file}: {words}" in told["message"]
    assert list(closed.iterdir()) == []


@pytest.mark.linux("acts as Linux lets it")
@pytest.mark.root("acts as several users")
@pytest.mark.parametrize("owner", [0, 1000])
def test_no_link_of_another_user_is_followed(sandbox: Sandbox, owner: int) -> None:
    """In a shared folder a link of anybody's would have root write anywhere."""
    shared, private = sandbox.work / "shared", sandbox.work / "private"
    for each in (shared, private):
        each.mkdir()
    shared.chmod(0o1777)
    link = shared / "folder"
    link.symlink_to(private)
    os.chown(link, owner, owner, follow_symlinks=False)
    with serving(Echo, context_for(ALONE)) as server:
        _, told = saving(sandbox, f"localhost:{server.port}", str(link / "corp.pem"))
    assert told["level"] == ("problem" if owner else "note")
    assert ("user 1000 owns it" in told["message"]) == bool(owner)
    assert [each.name for each in private.iterdir()] == ([] if owner else ["corp.pem"])


def test_nothing_is_presented(sandbox: Sandbox) -> None:
    """Of a server without TLS, of none at all, and of one that presents garbage."""
    without_tls = saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with serving(without_tls) as plain, serving(presenting(b"garbage")) as odd:
        for port in (plain.port, odd.port, 1):
            answer, told = saving(sandbox, f"localhost:{port}", "corp.pem")
            assert (answer.status, answer.data["saved"], told["level"]) == (1, None, "note")
            assert told["message"].startswith("nothing is saved: ")
    assert os.listdir(sandbox.work) == []


def test_names_that_act(sandbox: Sandbox) -> None:
    """What stands in a certificate or a path is escaped, and quoted where it is to be typed."""
    evil = make("\x1b[2J is trusted", names=["localhost"])
    with serving(Echo, context_for(evil)) as server:
        done = sandbox.run(*COMMAND, f"localhost:{server.port}", "--save", "a corp;.pem")
    assert "\x1b" not in done.stdout
    assert re.search(r"add (['\"])a corp;\.pem\1", done.stdout), done.stdout


@pytest.mark.parametrize(
    "arguments",
    [["--save", "x.pem"], ["localhost:1", "--save", ""], ["localhost:1", "--save", "-"]],
)
def test_wrong_usage(sandbox: Sandbox, arguments: Sequence[str]) -> None:
    """There is no server to ask, or no file to write."""
    done = sandbox.run(*COMMAND, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--save" in done.stderr


def test_an_intermediate_of_trustme(sandbox: Sandbox) -> None:
    """A CA of another maker sends no root, and what is saved is what it says of itself."""
    if not sees_chain(sandbox):
        pytest.skip("this Python shows only the server's own certificate")
    middle = trustme.CA().create_child_ca()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    middle.issue_cert("localhost").configure_cert(context)
    with serving(Echo, context) as server:
        saving(sandbox, f"localhost:{server.port}", "corp.pem")
    assert (sandbox.work / "corp.pem").read_bytes() == middle.cert_pem.bytes()
