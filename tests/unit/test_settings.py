"""The variables: what each value means, and that a bad one is a sentence and the default."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping

import pytest

from certifi_system_store_wrapper.settings import (
    Settings,
    _absolute,
    from_environment,
    split_paths,
)

SWITCHES = {
    "PYTHON_CERTIFI_DISABLE": "disable",
    "PYTHON_CERTIFI_HANDLE_SIGTERM": "handle_sigterm",
    "PYTHON_CERTIFI_SSL_DEFAULTS": "ssl_defaults",
}


@pytest.fixture(autouse=True)
def _as_in_a_new_process() -> None:
    """No relative path has been read before."""
    _absolute.cache_clear()


def test_nothing_set_is_the_default() -> None:
    """An empty environment asks for nothing."""
    assert from_environment({}) == Settings()


def test_nothing_set_is_the_default_whatever_the_home_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of applications replace expanduser by what answers one path to everything."""
    monkeypatch.setattr(os.path, "expanduser", lambda _: "/home/of/a/test")
    assert from_environment({}) == Settings()


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("word", ["1", "true", "YES", " On "])
def test_a_switch_is_on(name: str, word: str) -> None:
    """Each word for on, in any case, switches on."""
    assert getattr(from_environment({name: word}), SWITCHES[name]) is True


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("word", ["0", "False", "no", "OFF", "", " "])
def test_a_switch_is_off(name: str, word: str) -> None:
    """Each word for off, and nothing, switches off."""
    assert getattr(from_environment({name: word}), SWITCHES[name]) is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, "perhaps") for name in SWITCHES),
        ("PYTHON_CERTIFI_LOG_LEVEL", "LOUD"),
        ("PYTHON_CERTIFI_LOG_FILE_LEVEL", "7"),
        ("PYTHON_CERTIFI_SOURCES", "certifi,sytem,ssl,user,system"),
        ("PYTHON_CERTIFI_BUNDLE_DIR", "$HOME/ca"),
        pytest.param(
            "PYTHON_CERTIFI_BUNDLE_DIR",
            "~nobody-of-that-name/ca",
            marks=pytest.mark.posix("Python takes any name for a user's there"),
        ),
        ("PYTHON_CERTIFI_BUNDLE_DIR", "'/srv/ca'"),
        ("PYTHON_CERTIFI_LOG_FILE", "${HOME}/ca.log"),
        ("PYTHON_CERTIFI_BUNDLE_DIR", "https://ca.corp.example/ca"),
        ("PYTHON_CERTIFI_LOG_FILE", "file:///var/log/ca.log"),
    ],
)
def test_a_bad_value_is_one_problem_and_the_default(name: str, value: str) -> None:
    """The problem names the variable; everything else is as if it were not set."""
    settings = from_environment({name: value})
    assert [name in problem for problem in settings.problems] == [True]
    assert settings._replace(problems=()) == Settings()


def test_a_url_in_the_place_of_a_folder_keeps_its_password() -> None:
    """No folder of that name is made, and nobody reads the password."""
    settings = from_environment({"PYTHON_CERTIFI_BUNDLE_DIR": "https://me:S3cret@ca.example/ca"})
    (problem,) = settings.problems
    assert (settings.bundle_dir, "S3cret" in problem, "not a URL" in problem) == ("", False, True)


def test_the_switch_for_ssl_is_off_where_we_are_disabled() -> None:
    """So nobody is told that it helps."""
    both = {"PYTHON_CERTIFI_SSL_DEFAULTS": "1", "PYTHON_CERTIFI_DISABLE": "1"}
    assert from_environment(both) == Settings(disable=True)


@pytest.mark.parametrize(
    ("value", "sources"),
    [
        ("system,user", ("system", "user")),
        (" User , SYSTEM,,", ("system", "user")),
        ("user,Local,certifi", ("certifi", "local", "user")),
        ("local,system", ("system", "local")),
        ("", Settings().sources),
        ("nonsense", ()),
    ],
)
def test_sources_keep_the_order_of_the_bundle(value: str, sources: Mapping[str, str]) -> None:
    """A list may be in any order; one of nothing but unknown words trusts no source."""
    assert from_environment({"PYTHON_CERTIFI_SOURCES": value}).sources == sources


def test_paths_are_absolute_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blanks and empty items fall away, ~ is the home folder, relative paths start here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    value = os.pathsep.join(["", " a.pem ", "~/b.pem", "", str(tmp_path / "c d.pem")])
    settings = from_environment({"PYTHON_CERTIFI_CERT_FILES": value})
    names = ("a.pem", os.path.join("home", "b.pem"), "c d.pem")
    assert settings.cert_files == tuple(str(tmp_path / name) for name in names)


def test_a_relative_path_stays_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that changes its working directory does not change what it was started with."""
    variables = {"PYTHON_CERTIFI_CERT_FILES": "ca.pem", "PYTHON_CERTIFI_BUNDLE_DIR": "bundle"}
    monkeypatch.chdir(tmp_path)
    before = from_environment(variables)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert from_environment(variables) == before
    assert before.cert_files == (str(tmp_path / "ca.pem"),)


@pytest.mark.posix("there .. is taken away before a link is followed")
def test_a_path_through_a_link_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`current/../shared` lies beside what `current` leads to, as for `ls`, and in each setting."""
    (tmp_path / "releases" / "42").mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/42")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "releases" / "shared"
    folder.mkdir()
    (folder / "ca.pem").touch()
    names = {"CERT_FILES": "ca.pem", "BUNDLE_DIR": "", "LOG_FILE": "log"}
    variables = {f"PYTHON_CERTIFI_{k}": f"current/../shared/{v}" for k, v in names.items()}
    settings = from_environment(variables)
    named = [*settings.cert_files, settings.bundle_dir, settings.log_file]
    assert [os.path.realpath(each) for each in named] == [
        str(folder / "ca.pem"), str(folder), str(folder / "log")
    ]  # fmt: skip


def test_a_sign_of_shells_within_a_path(tmp_path: Path) -> None:
    """There it may belong to a name."""
    path = str(tmp_path / "a$b~c'd")
    assert from_environment({"PYTHON_CERTIFI_BUNDLE_DIR": path}) == Settings(bundle_dir=path)


@pytest.mark.posix("paths begin with a letter")
def test_a_path_with_two_slashes_is_no_url() -> None:
    """Only a URL loses its user and password, which no warning is to show."""
    value = "/a.pem://team@corp/b.pem:https://user:secret@host/c.pem"
    settings = from_environment({"PYTHON_CERTIFI_CERT_FILES": value})
    assert settings.cert_files[:2] == ("/a.pem", "//team@corp/b.pem")
    assert "secret" not in repr(settings) and "***@host" in repr(settings)


def test_quotes_of_the_windows_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """`set NAME="value"` has them in the value there; elsewhere they belong to a name."""
    quoted = {"PYTHON_CERTIFI_DISABLE": '"1"', "PYTHON_CERTIFI_SOURCES": ' "user" '}
    monkeypatch.setattr(os, "name", "posix")
    assert len(from_environment(quoted).problems) == 2
    monkeypatch.setattr(os, "name", "nt")
    settings = from_environment(quoted)
    # As in PATH.
    paths = from_environment({"PYTHON_CERTIFI_CERT_FILES": '"a;b.pem";c.pem;; "d.pem'}).cert_files
    # With that name pytest cannot tell of a failure.
    monkeypatch.undo()
    assert (settings.disable, settings.sources, settings.problems) == (True, ("user",), ())
    assert [os.path.basename(path) for path in paths] == ["a;b.pem", "c.pem", "d.pem"]


def test_a_url_without_a_password_takes_no_path_along() -> None:
    """An @ in the path behind it is that path's own; quotes around a URL hide nothing."""
    paths = ["https://host/x", "/home/me@work.pem", '"https://me:s3/cret@host/x"']
    split = split_paths(os.pathsep.join(paths))
    assert "/home/me@work.pem" in split
    assert not any("cret" in item for item in split)
    assert any("***@host" in item for item in split)


@pytest.mark.parametrize(
    "value",
    [
        "proxyuser:secret@host",
        "/a.pem:proxyuser:secret@host/ca.pem:/b.pem",
        "https://me:sec:ret@host:8080/ca.pem",
        "HTTPS://me:s/secret@host",
        "//me:secret@host/ca.pem",
        "socks5h://:secret@host",
    ],
)
def test_no_part_of_a_password_is_a_path(value: str) -> None:
    """With or without a scheme, in a list or alone, whatever its colons separate."""
    settings = from_environment({"PYTHON_CERTIFI_CERT_FILES": value})
    assert not [piece for piece in ("sec", "ret") if piece in repr(settings)]
    assert any("***@host" in path for path in settings.cert_files)


@pytest.mark.posix("there a colon separates no paths")
def test_files_whose_names_look_like_a_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two relative paths look like user:password@host: what is there counts."""
    monkeypatch.chdir(tmp_path)
    value = {"PYTHON_CERTIFI_CERT_FILES": "a.pem:me@work.pem:/missing.pem"}
    masked = str(tmp_path / "***@work.pem")
    assert from_environment(value).cert_files == ("/missing.pem", masked)
    (tmp_path / "a.pem").touch()
    first, *others = from_environment(value).cert_files
    assert (first, others) == (str(tmp_path / "a.pem"), ["/missing.pem", masked])
    (tmp_path / "me@work.pem").touch()
    assert from_environment(value).cert_files[1:] == (str(tmp_path / "me@work.pem"), "/missing.pem")


def test_what_is_not_understood_is_quoted_as_it_is() -> None:
    """Upper and lower case stay, so that a person finds it again."""
    (problem,) = from_environment({"PYTHON_CERTIFI_SOURCES": "Sytem,USER"}).problems
    assert "'Sytem'" in problem


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("CERT_FILE", ": is PYTHON_CERTIFI_CERT_FILES meant?"),
        ("PROBLEM", ""),
        ("PROBLEMS", ""),
        ("ISOLATED", ""),
    ],
)
def test_a_variable_that_nobody_reads(name: str, meaning: str) -> None:
    """It is told, with the name of one that there is, if any is like it."""
    (problem,) = from_environment({f"PYTHON_CERTIFI_{name}": "1"}).problems
    assert problem == f"PYTHON_CERTIFI_{name} is set, but nobody reads it{meaning}"


def test_an_unknown_source_is_told_every_word_there_is() -> None:
    """Also the one that is not among the default."""
    (problem,) = from_environment({"PYTHON_CERTIFI_SOURCES": "locale"}).problems
    assert "use any of certifi,system,local,ssl,user" in problem
    assert "local" not in Settings().sources
