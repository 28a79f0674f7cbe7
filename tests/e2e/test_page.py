"""`--html`: one page that says what JSON says, and on which nothing of strangers acts."""

from __future__ import annotations

import json
import os
from html.parser import HTMLParser
from pathlib import Path
from typing import List, Optional, Tuple

import pytest
import trustme

from support import MODULE, Environment, Sandbox, write
from support.doctor import trusting
from support.minting import CA, make
from support.servers import Echo, context_for, serving

COMMAND = ("-m", MODULE)
HOSTILE = "<script src=//x>a</script>\u202egnp\x1b[31m<img onerror=a>&amp;"
SHOWN = r"<script src=//x>a</script>\u202egnp\x1b[31m<img onerror=a>&amp;"
LOADING = {"src", "href", "style", "srcset", "action", "data", "background"}


class Parsed(HTMLParser):
    """What a page consists of."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: List[str] = []
        self.attributes: List[Tuple[str, Optional[str]]] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data + "\n"


def harmless(path: Path) -> Parsed:
    """Return the page, which loads and runs nothing, has one heading of all, and headed tables."""
    page = Parsed(path)
    assert not {"script", "link", "img", "iframe", "object", "svg", "a"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not [name for name in names if name in LOADING or name.startswith("on")]
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert page.tags.count("h1") == page.tags.count("html") == page.tags.count("main") == 1
    assert "th" in page.tags and ("lang", "en") in page.attributes
    assert all(letter == "\n" or letter.isprintable() for letter in page.text)
    return page


def test_the_page_of_a_list_shows_all_that_json_says(sandbox: Sandbox) -> None:
    """Each certificate and each that was left out, its name escaped whatever is in it."""
    hostile = trustme.CA(organization_name=HOSTILE).cert_pem.bytes()
    refused = make("a leaf", names=["localhost"])
    folder = sandbox.work / "folder"
    folder.mkdir()
    write(folder / "both.pem", hostile + refused.pem)
    env = {"PYTHON_CERTIFI_CERT_FILES": str(folder)}
    done = sandbox.run(*COMMAND, "list", "--html", "list.html", "--json", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    page = harmless(sandbox.work / "list.html")
    assert os.path.samefile(said["page"], sandbox.work / "list.html")
    assert page.text.count(SHOWN) == 1
    (left_out,) = said["left_out"]
    assert left_out["subject"] == "CN=a leaf" and left_out["reason"] in page.text
    for each in (*said["certificates"], left_out):
        assert each["sha256"] in page.text and each["subject"] in page.text
    assert page.text.count("\nuser: 1\n") == page.text.count("\nleft out: 1\n") == 1
    assert said["here"]["openssl"] in page.text


def test_the_page_of_a_server_shows_chain_and_verdicts(sandbox: Sandbox) -> None:
    """The status is the command's, and the page is there all the same."""
    root = make(HOSTILE[:60], *CA)
    leaf = make("a server", by=root, names=["localhost"])
    with serving(Echo, context_for(leaf, root)) as server:
        where = ("doctor", "--html", "page.html", f"localhost:{server.port}")
        done = sandbox.run(*COMMAND, *where)
        page = harmless(sandbox.work / "page.html")
        assert (done.returncode, done.stderr) == (1, "")
        assert os.path.samefile(done.stdout[len("page      ") : -1], sandbox.work / "page.html")
        for text in ("CN=a server", "issued by CN=<script src", "A problem was found.", "refused"):
            assert text in page.text
        env = {**trusting(sandbox, root), "PYTHON_CERTIFI_SSL_DEFAULTS": "1"}
        done = sandbox.run(*COMMAND, *where, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    page = harmless(sandbox.work / "page.html")
    assert "Nothing is wrong." in page.text and f"\n{server.port}\n" in page.text


def test_the_page_of_an_installation_has_its_findings_and_no_secret(sandbox: Sandbox) -> None:
    """A password of a proxy, of a path or of a variable is nowhere in the file."""
    env = {
        "HTTPS_PROXY": "http://me:s3cret@localhost:1",
        "PYTHON_CERTIFI_CERT_FILES": "https://me:s3cret@host/a.pem",
    }
    for more, shown in (([], "***@"), (["localhost:2"], "localhost:1 cannot be reached")):
        done = sandbox.run(*COMMAND, "doctor", "--html", "page.html", "--json", *more, env=env)
        assert (done.returncode, done.stderr) == (1, "")
        page = harmless(sandbox.work / "page.html")
        assert "s3cret" not in (sandbox.work / "page.html").read_text("utf-8")
        assert shown in page.text
        for each in json.loads(done.stdout)["findings"]:
            assert each["message"] in page.text and each["remedy"] in page.text


def test_the_page_of_another_environment(sandbox: Sandbox, plain: Environment) -> None:
    """`--python` and `--html` go together, whether this package is there or not."""
    ours = sandbox.environment
    for other, status, word in ((ours, 0, "Nothing is wrong."), (plain, 1, "install")):
        arguments = ("doctor", "--python", str(other.python), "--html", "page.html")
        done = sandbox.run(*COMMAND, *arguments)
        assert (done.returncode, done.stderr) == (status, "")
        assert word in harmless(sandbox.work / "page.html").text


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("", 2, "argument --html: name a file"),
        ("-", 2, "argument --html: name a file"),
        (".", 1, ".: it is a folder; name a file"),
        (os.path.join("no", "such", "page.html"), 1, "make that folder first, or name another"),
    ],
)
def test_a_page_that_cannot_be_written(
    sandbox: Sandbox, target: str, status: int, said: str
) -> None:
    """One line says what to name instead, and nothing is left behind."""
    for command in ("list", "doctor"):
        done = sandbox.run(*COMMAND, command, f"--html={target}")
        assert (done.returncode, done.stdout) == (status, "")
        (line,) = done.stderr.splitlines()
        assert said in line
    assert not list(sandbox.work.iterdir())


@pytest.mark.posix("there are no such files")
def test_a_page_takes_the_place_of_no_device(sandbox: Sandbox) -> None:
    """`--html /dev/null` by root must not leave a file in its place."""
    fifo = sandbox.work / "fifo"
    os.mkfifo(fifo)
    done = sandbox.run(*COMMAND, "list", "--html", str(fifo))
    assert (done.returncode, done.stdout) == (1, "")
    assert "not a regular file" in done.stderr and fifo.is_fifo()
