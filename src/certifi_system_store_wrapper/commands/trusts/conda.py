"""conda's trust, where its `ssl_verify` names a file or a folder."""

from __future__ import annotations

import os
import re
from typing import List, Optional

from ...machine.files import read_regular
from .environment import place, variable
from .here import Here
from .ini import NotUnderstood
from .trust import DEFAULTS, Root, Setting, Trust

_KEY = re.compile(r"\s*[{,]?\s*(['\"]?)(ssl_verify|verify_ssl)\1\s*:\s*(.*?)\s*")
# What YAML takes for a text without more ado: quoted, or plain.
_VALUE = re.compile(r"'([^'#]*)'|\"([^\"#\\]*)\"|([^\s'\"#&*!|>%@`{}\[\],:][^#{}\[\],:]*?)?")
_WORDS = {"true": "", "yes": "", "on": "", "false": "false", "no": "false", "off": "false"}
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
    given = here.environ.get("CONDA_SSL_VERIFY")
    if given:
        found = Setting("CONDA_SSL_VERIFY", _WORDS.get(given.lower(), given), readers=_READERS)
    return found if found and found.value else None


def _value(path: str) -> Optional[str]:
    """Return the value in a file, "" for the default, None if none; raises NotUnderstood."""
    try:
        lines = read_regular(path, os.stat(path)).decode("utf-8").splitlines()
    except OSError:
        return None
    except ValueError:
        raise NotUnderstood(path, "a character that is not UTF-8") from None
    found = None
    for number, line in enumerate(lines, 1):
        text = line.split("#")[0]
        if "ssl_verify" not in text and "verify_ssl" not in text:
            continue
        key = _KEY.fullmatch(line.split(" #")[0])
        value = _VALUE.fullmatch(key.group(3)) if key else None
        if value is None or line[:1] in " \t{" or found is not None:
            raise NotUnderstood(path, f"line {number}")
        said = next(filter(None, value.groups()), "")
        found = _WORDS.get(said.lower(), os.path.expandvars(said))
    return found


def _files(here: Here) -> List[str]:
    """Return the files that conda reads, the one that counts most last; they need not exist."""
    home, get = os.path.expanduser("~"), here.environ.get
    config = get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    folders = ["/etc/conda", "/var/lib/conda", get("CONDA_ROOT") or here.prefix]
    folders += [os.path.join(config, "conda"), os.path.join(home, ".conda")]
    names = [os.path.join(folder, name) for folder in folders for name in (".condarc", "condarc")]
    names.append(os.path.join(home, ".condarc"))
    prefix = get("CONDA_PREFIX")
    names += [os.path.join(prefix, ".condarc")] if prefix else []
    return [*names, *filter(None, [get("CONDARC")])]
