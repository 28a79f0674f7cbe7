"""conda's trust, where its `ssl_verify` names a file or a folder."""

from __future__ import annotations

import os
import re
from typing import List, Optional

from . import ini
from .environment import place, variable
from .here import Here
from .ini import NotUnderstood
from .trust import DEFAULTS, Root, Setting, Trust

_KEY = re.compile(r"\s*[{,]?\s*(['\"]?)(ssl_verify|verify_ssl)\1\s*:\s*(.*?)\s*")
# What YAML takes for a text without more ado: quoted, or plain.
_VALUE = re.compile(r"'([^'#]*)'|\"([^\"#\\]*)\"|([^\s'\"#&*!|>%@`{}\[\],:][^#{}\[\],:]*?)")
# A key that may stand for any word, or a quoted text that goes on in the next line.
_ESCAPED = re.compile(r"^\s*\?|\"[^\"]*\\[^\"]*(?:\"\s*:|$)")
# What conda takes for a boolean; "" is its default.
_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "y", "1"), ""),
    **dict.fromkeys(("false", "no", "off", "n", "non", "none", "0", ""), "false"),
}
_NAMES = (".condarc", "condarc", "condarc.d")
_READERS = "conda reads it instead of asking certifi"


def trusts(here: Here) -> List[Trust]:
    """Return conda's trust if it is set, and another than that of requests."""
    if variable(here, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        return []
    clients = (here.called("conda"),) if here.has("conda") else ()
    try:
        setting = _setting(here)
    except NotUnderstood as error:
        return [error.trust("ssl_verify", _READERS, clients)]
    if setting is None:
        return []
    roots = (Root(DEFAULTS) if setting.value == "truststore" else place(setting.value),)
    if setting.value == "false":
        return [Trust((), clients=clients, settings=(setting,), checks_nothing=True)]
    return [Trust(roots, clients=clients, settings=(setting,))]


def _setting(here: Here) -> Optional[Setting]:
    """Return what counts if it is not conda's default; raises NotUnderstood."""
    found: Optional[Setting] = None
    for path in _files(here):
        value = _value(path)
        found = found if value is None else Setting("ssl_verify", value, path, _READERS)
    for name in ("CONDA_VERIFY_SSL", "CONDA_SSL_VERIFY"):
        given = here.environ.get(name)
        if given is not None:
            found = Setting(name, _taken(given.strip()), readers=_READERS)
    return found if found and found.value else None


def _taken(text: str) -> str:
    """Return what conda takes a value for: "false", "" for its default, else a path."""
    return _WORDS.get(text.lower(), os.path.expandvars(text))


def _value(path: str) -> Optional[str]:
    """Return the value in a file, "" for the default, None if none; raises NotUnderstood."""
    found, lines = None, ini.text(path).splitlines()
    for number, (line, following) in enumerate(zip(lines, [*lines[1:], ""]), 1):
        text = re.split(r"(?:^|\s)#", line)[0]
        if not _ESCAPED.search(text) and "ssl_verify" not in text and "verify_ssl" not in text:
            continue
        key = _KEY.fullmatch(text)
        value = _VALUE.fullmatch(key.group(3)) if key else None
        goes_on = following[:1] in " \t" and following.partition("#")[0].strip()
        if value is None or line[:1] in " \t{" or goes_on or found is not None:
            raise NotUnderstood(path, f"line {number}")
        found = _taken(next(filter(None, value.groups()), ""))
    return found


def _files(here: Here) -> List[str]:
    """Return the files that conda reads, the one that counts most last; they need not exist.

    Whatever conda's SEARCH_PATH names may be a folder of files, too.
    """
    found: List[str] = []
    for path in _search_path(here):
        try:
            names = sorted(n for n in os.listdir(path) if n.endswith((".yml", ".yaml")))
        except OSError:
            names = [""]
        found += [os.path.join(path, name) if name else path for name in names]
    return found


def _search_path(here: Here) -> List[str]:
    home, get = os.path.expanduser("~"), here.environ.get
    machine = ["C:/ProgramData/conda"] if os.name == "nt" else ["/etc/conda", "/var/lib/conda"]
    configs = [get("XDG_CONFIG_HOME"), os.path.join(home, ".config")]
    folders = [*machine, get("CONDA_ROOT") or here.prefix]
    folders += [os.path.join(config, "conda") for config in configs if config]
    folders.append(os.path.join(home, ".conda"))
    found = [os.path.join(folder, name) for folder in folders for name in _NAMES]
    found.append(os.path.join(home, ".condarc"))
    prefix = get("CONDA_PREFIX")
    found += [os.path.join(prefix, name) for name in _NAMES] if prefix else []
    return [*found, *filter(None, [get("CONDARC")])]
