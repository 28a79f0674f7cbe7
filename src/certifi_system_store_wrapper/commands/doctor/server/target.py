"""`doctor HOST`: which host is asked, at which port, and that it cannot be reached."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import NamedTuple, Optional
from unicodedata import category, normalize
from urllib.parse import SplitResult, urlsplit

from ...output import WrongUsage

# Who has to mend what is wrong with a server.
OPERATOR = "whoever runs the server"
_PORTS = {
    "https": 443, "wss": 443, "tls": 443, "ssl": 443, "http": 443, "ldaps": 636, "imaps": 993,
    "pop3s": 995, "smtps": 465, "ftps": 990, "rediss": 6379, "amqps": 5671, "mqtts": 8883,
}  # fmt: skip
# In a name beside letters, marks and digits, as far as they are not ASCII.
_MARKS = "-_\u00b7\u200c\u200d"
_KEPT_SINCE_2008 = set("\u00df\u03c2\u200c\u200d")
_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_USAGE = "name HOST, HOST:PORT or an https:// URL"
_CHECK = "check the name, the port, the network and the proxy variables"


class Target(NamedTuple):
    """A host, spelled as in DNS and certificates, and a port.

    `is_absolute` says that the name was written with a dot at its end.
    """

    host: str
    port: int
    is_absolute: bool = False

    def __str__(self) -> str:
        """Return HOST:PORT, with the brackets that IPv6 needs."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class NoConnection(OSError):
    """There is no connection: the message says where it ended, and `remedy` what to do."""

    def __init__(self, message: str, remedy: str = _CHECK) -> None:
        """Remember what to do."""
        super().__init__(message)
        self.remedy = remedy


def target(text: str) -> Target:
    """Return host and port of HOST, HOST:PORT or a URL; raises WrongUsage."""
    text = text.strip()
    if "://" not in text:
        text = f"https://[{text}]" if ":" in text and is_ip(text) else f"https://{text}"
    scheme = text.partition("://")[0].lower()
    if scheme not in _PORTS:
        raise WrongUsage(f"{scheme}:// does not begin with TLS; {_USAGE}")
    try:
        url = urlsplit(text)
        # urlsplit() removes these silently.
        if any(control in text for control in "\t\r\n"):
            raise NoName("that is no host name")
        if "@" in url.netloc and has_more_userinfo(url):
            raise NoName("a special character of its password is not written as %XX")
        return at(url, _PORTS[scheme])
    except ValueError as error:
        # What urlsplit() says may quote a password.
        reason = f"{error}; " if isinstance(error, NoName) else ""
        raise WrongUsage(f"{reason}{_USAGE}") from None


class UntrustedProxy(NoConnection):
    """A proxy is spoken to over TLS, and its certificate is not trusted."""


class NoName(ValueError):
    """That is no name of a host; the message, if any, quotes no password."""


def has_more_userinfo(url: SplitResult) -> bool:
    """Whether a ``/``, ``?`` or ``#`` in a password may have ended the host too early."""
    return "@" in url.path + url.query + url.fragment


def at(url: SplitResult, default_port: int) -> Target:
    """Return what a URL names; raises NoName."""
    host, port = _host(url), _port(url)
    is_absolute = (url.hostname or "").endswith(".")
    return Target(host, default_port if port is None else port, is_absolute)


def _port(url: SplitResult) -> Optional[int]:
    """Return the port, None if there is none in it; it is digits and no password then."""
    try:
        port = url.port
    except ValueError:
        port = 0
    if port == 0:
        # What stands behind the last colon may be a password, if it is no number.
        digits = url.netloc.rpartition(":")[2]
        why = f"there is no port {digits}" if digits.isdigit() else "the port is no number"
        raise NoName(f"{why}: ports are 1 to 65535")
    return port


def _host(url: SplitResult) -> str:
    """Return the host name in ASCII (IDNA), or an IP address."""
    name = (url.hostname or "").rstrip(".")
    if not name:
        raise NoName("there is no host name in it")
    if is_ip(name):
        return name
    try:
        encoded = ".".join(map(_in_ascii, name.split(".")))
    except UnicodeError:
        encoded = ""
    if not is_host(encoded):
        raise NoName("that is no host name")
    return encoded


def is_host(name: str) -> bool:
    """Whether it is a name that a host may have, in ASCII, or an IP address."""
    return is_ip(name) or bool(_HOST_NAME.fullmatch(name) and len(name) <= 253)


def _in_ascii(label: str) -> str:
    """Return a part of a name as requests and httpx ask for it: by IDNA of 2008.

    Python's codec is of 2003, and replaces these characters: that may be somebody else's host. It
    takes symbols, too. Raises UnicodeError.
    """
    symbols = [each for each in label if category(each)[0] not in "LMN" and each not in _MARKS]
    if symbols and not label.isascii():
        raise UnicodeError("a symbol, which no client asks for")
    if _KEPT_SINCE_2008.isdisjoint(label):
        return label.encode("idna").decode("ascii")
    return "xn--" + normalize("NFC", label).encode("punycode").decode("ascii")


def is_ip(text: str) -> bool:
    """Whether it is an IP address; one of IPv6 may have a zone."""
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
