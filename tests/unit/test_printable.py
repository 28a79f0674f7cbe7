"""What people are shown: no password in any form, and otherwise what there is."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from certifi_system_store_wrapper.printable import printable
from certifi_system_store_wrapper.settings import from_environment, split_paths

# The next path of a list.
NEXT = f"{os.pathsep}/home/"

# Marked, so that its first and last characters are found as well as its middle.
# Left out: what ends a word, and what begins the next path of a list.
_ANY = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF).filter(str.isprintable))
_SECRETS = _ANY.map(lambda text: f"5{text}7").filter(lambda text: not re.search(r"[:;][/\\]", text))
_USERS = st.from_regex(r"[A-Za-z][A-Za-z0-9._%+-]{0,9}", fullmatch=True)
_FORMS = st.sampled_from(
    [
        "{user}:{secret}@host",
        "{user}:{secret}@host:3128/ca.pem",
        "//{user}:{secret}@host",
        "http://{user}:{secret}@host",
        "HTTPS://{user}:{secret}@[::1]:8080/ca.pem",
        "socks5h://:{secret}@host",
        "https://{secret}@host/token",
        "/working/folder/https:/{user}:{secret}@host/ca.pem",
        "/working/folder/{user}:{secret}@host",
    ]
)
_AROUND = st.sampled_from(
    [
        "{}",
        "NAME={}",
        "NAME='{}' is not understood",
        "{}: the file does not exist",
        "'{}'",
        "a b {}",
    ]
)


@settings(max_examples=200, deadline=None)
@given(secret=_SECRETS, user=_USERS, form=_FORMS, around=_AROUND)
@example(secret="5@/:?#7", user="me", form="https://{user}:{secret}@host", around="{}")
def test_a_password_is_shown_to_nobody(secret: str, user: str, form: str, around: str) -> None:
    """In whatever form, wherever in a sentence; the host stays."""
    shown = printable(around.format(form.format(user=user, secret=secret)))
    assert secret not in shown
    assert not [part for part in secret.split("@") if len(part) > 3 and part in shown]
    assert "***@" in shown


@settings(max_examples=200, deadline=None)
@given(secret=_SECRETS, user=_USERS, form=_FORMS)
def test_no_part_of_a_password_is_shown_as_a_path(secret: str, user: str, form: str) -> None:
    """A list of paths is split at colons, after what must not be shown has gone."""
    value = os.pathsep.join([__file__, form.format(user=user, secret=secret), "/etc/b@c.pem"])
    for path in split_paths(value):
        assert not [part for part in secret.split(os.pathsep) if len(part) > 3 and part in path]
    assert {__file__, "/etc/b@c.pem"} <= set(split_paths(value))
    assert secret not in repr(from_environment({"PYTHON_CERTIFI_CERT_FILES": value}))


@given(st.text(st.characters(blacklist_characters="@", max_codepoint=0x2FF)))
def test_text_without_an_at_sign_is_unchanged(text: str) -> None:
    """Printable text is shown as it is, upper and lower case included."""
    assert not text.isprintable() or "-----" in text or printable(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "/home/me/ca@corp.pem",
        "/home/me/ca@corp.pem: the file does not exist",
        "/etc/a.pem:/home/me/ca@corp.pem:/etc/b.pem",
        r"C:\Users\me@corp\ca.pem",
        r"C:\a.pem;D:\b@c.pem",
        "~/me@here/ca.pem",
        "me@corp.example",
        "CN=Corp Root, emailAddress=me@corp.example",
        "https://host:8080/ca.pem",
        "put USER:PASSWORD@ before the host in its variable",
    ],
)
def test_what_holds_no_password_stays_readable(text: str) -> None:
    """An @ alone is no password, nor is the drive of a path on Windows."""
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("user:pw@proxy:3128", "***@proxy:3128"),
        ("HTTP://User:Pw@Proxy", "HTTP://***@Proxy"),
        ("https://me:x@s3cret/x@host", "https://***@host"),
        (f"https://u:p@host/a.pem{NEXT}me@work.pem", f"https://***@host/a.pem{NEXT}me@work.pem"),
        (r"C:\here\https:\u:p@host\x", r"C:\here\https:\***@host\x"),
    ],
)
def test_what_is_left_of_a_url(text: str, shown: str) -> None:
    """All but the user and the password, up to the last @ that can be theirs."""
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("character", "shown"), [("\x1b", "\\x1b"), ("\n", "\\n"), ("\u202e", "\\u202e"), ("é", "é")]
)
def test_nothing_acts_on_a_terminal(character: str, shown: str) -> None:
    """Control characters and those that turn the direction of writing are escaped."""
    assert printable(f"a{character}b") == f"a{shown}b"
