"""What a person named and cannot be used costs one line on stderr, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, List

import pytest

from support import MODULE, POWERLESS, Sandbox, write
from support.minting import encode_pem, mint

BROKEN = b"-----BEGIN CERTIFICATE-----\nTm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"


def make_garbage(path: Path, good: bytes) -> Path:
    return write(path, b"\x00\x01 this is no certificate \xff")


def make_missing(path: Path, good: bytes) -> Path:
    return path


def make_empty_file(path: Path, good: bytes) -> Path:
    return write(path, b"")


def make_empty_directory(path: Path, good: bytes) -> Path:
    path.mkdir()
    return path


def make_broken_block_beside_a_good_one(path: Path, good: bytes) -> Path:
    return write(path, BROKEN + good)


def make_unreadable(path: Path, good: bytes) -> Path:
    write(path, good).chmod(0)
    return path


ALL = [
    make_garbage,
    make_missing,
    make_empty_file,
    make_empty_directory,
    make_broken_block_beside_a_good_one,
    pytest.param(
        make_unreadable,
        marks=pytest.mark.posix("modes say nothing there"),
    ),
]


def powerless() -> List[str]:
    """Return the prefix of a command that is to run without root's right to read everything."""
    return POWERLESS if os.name != "nt" and os.geteuid() == 0 else []


@pytest.mark.parametrize("make", ALL)
def test_each_damage_is_one_warning_and_the_good_file_works(
    sandbox: Sandbox, make: Callable[[Path, bytes], Path], url: str, tmp_path: Path, ca_file: Path
) -> None:
    """A program that never configured logging sees one line that names the file."""
    damaged = make(tmp_path / "damaged.pem", ca_file.read_bytes())
    named = os.pathsep.join([str(damaged), str(ca_file)])
    done = sandbox.fetch("requests", url, {"PYTHON_CERTIFI_CERT_FILES": named}, prefix=powerless())
    assert (done.returncode, done.stdout) == (0, "200\n")
    (line,) = done.stderr.splitlines()
    assert "WARNING" in line
    assert str(damaged) in line


def test_all_damages_together_are_one_warning_each(
    sandbox: Sandbox, url: str, tmp_path: Path, ca_file: Path
) -> None:
    """No damage hides another, and the good part of a damaged file is enough."""
    good = ca_file.read_bytes()
    makers = [make_garbage, make_missing, make_empty_file, make_empty_directory]
    paths = [make(tmp_path / make.__name__, good) for make in makers]
    paths.append(make_broken_block_beside_a_good_one(tmp_path / "half", good))
    named = os.pathsep.join(map(str, paths))
    done = sandbox.fetch("requests", url, {"PYTHON_CERTIFI_CERT_FILES": named})
    assert (done.returncode, done.stdout) == (0, "200\n")
    lines = done.stderr.splitlines()
    assert [[path for path in paths if str(path) in line] for line in lines] == [
        [path] for path in paths
    ]


def test_one_that_only_openssl_could_judge_where_it_can_judge_none(
    sandbox: Sandbox, tmp_path: Path, ca_file: Path
) -> None:
    """OpenSSL 3 fails with such settings, whatever it is asked: that one is left out, no other."""
    settings = b"openssl_conf = a\n[a]\nproviders = b\n[b]\nnone = c\n[c]\nactivate = 1\n"
    odd = encode_pem(mint("A").replace(b"\x0c\x01A", b"\x0c\x01\xff"))
    path = write(tmp_path / "two.pem", odd + ca_file.read_bytes())
    env = {
        "PYTHON_CERTIFI_CERT_FILES": str(path),
        "OPENSSL_CONF": str(write(tmp_path / "openssl.cnf", settings)),
        # A store of Windows may have such a root, too.
        "PYTHON_CERTIFI_SOURCES": "certifi,user",
    }
    code = "import certifi, sys; sys.stdout.write(certifi.contents())"
    done = sandbox.run_code(code, env=env)
    assert ca_file.read_text() in done.stdout
    assert len(done.stderr.splitlines()) == 1 and str(path) in done.stderr


def test_thousands_of_damages_do_not_fill_a_log(sandbox: Sandbox, tmp_path: Path) -> None:
    """A hundred are named, the rest counted; `status` and a log file name them all."""
    for number in range(1234):
        write(tmp_path / "many" / f"{number}.pem", b"")
    log = tmp_path / "log"
    env = {
        "PYTHON_CERTIFI_CERT_FILES": str(tmp_path / "many"),
        "PYTHON_CERTIFI_LOG_FILE": str(log),
    }
    done = sandbox.run_code("import certifi; certifi.where()", env=env)
    *named, rest = done.stderr.splitlines()
    assert len(named) == len(set(named)) == 100
    assert "1134 more" in rest and "status" in rest
    assert log.read_text().count("it is empty") == 1234


SECRET = "c2VjcmV0" * 8


@pytest.mark.parametrize("name", ["PYTHON_CERTIFI_CERT_FILES", "SSL_CERT_FILE"])
@pytest.mark.parametrize(
    "text",
    [
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n{SECRET}==\n-----END PRIVATE KEY-----\n",
        f"-----BEGIN CERTIFICATE-----\n{SECRET}\n",
        f"-----BEGIN EC PRIVATE KEY-----\nDEK-Info: A,0\n\n{SECRET}\n-----END EC PRIVATE KEY-----",
    ],
    ids=["key", "cut off", "with headers"],
)
def test_a_key_in_place_of_a_name_is_not_printed(sandbox: Sandbox, name: str, text: str) -> None:
    """CI systems offer variables and files side by side; logs there are read by many."""
    done = sandbox.run_code("import certifi; certifi.where()", env={name: text})
    assert "name a file, not what is in it" in done.stderr
    told = sandbox.run("-m", MODULE, "status", env={name: text})
    doctor = sandbox.run("-m", MODULE, "doctor", "--json", env={name: text})
    printed = done.stderr + told.stdout + told.stderr + doctor.stdout + doctor.stderr
    assert "***" in told.stdout and "***" in doctor.stdout
    assert SECRET[:16] not in printed


def test_a_program_with_logging_of_its_own_sees_each_warning_once(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Where the application configured logging, its handlers print the record, and ours do not."""
    code = """
        import logging
        logging.basicConfig(format="application: %(message)s")
        import certifi
        certifi.where()
    """
    missing = str(tmp_path / "missing.pem")
    done = sandbox.run_code(code, env={"PYTHON_CERTIFI_CERT_FILES": missing})
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"application: {missing}")
