"""pip's trust: its settings and variables, its copy of certifi, in newer versions truststore."""

from __future__ import annotations

import os
import ssl
import sys
from typing import Callable, Dict, List, Optional, Tuple

from . import ini, look, requests, truststore, urllib3
from .environment import READERS, lax, place, variable
from .here import Here, numbers
from .ini import NotUnderstood
from .trust import BUNDLE, CERTIFI, DEFAULTS, FILE, Checks, Root, Setting, Trust

_KEY, _HOSTS, _CLIENT = "cert", "trusted-host", "client-cert"
_FEATURE, _TOO_OLD = "use-feature", "pip fails: it has a truststore from Python 3.10 on"
_READERS = {
    _FEATURE: "pip reads it",
    _KEY: READERS["PIP_CERT"],
    _CLIENT: "pip shows it to servers that ask",
    _HOSTS: "pip checks no certificate of a host in it, so that pip gets through says nothing",
}
# The section of a file that counts as the variables do, and before the others.
_ENVIRONMENT = ":env:"
# By section and name; what is set to nothing is set to "".
Options = Dict[Tuple[str, str], Setting]
# When the settings of a section count; those of others count for the command of that name.
_USERS = {"install": "", "global": "for other commands of pip"}


def trust(here: Here) -> Trust:
    """Return the trust of `pip install`."""
    return _trust(here, "install")


def of_each_command(here: Here) -> List[Trust]:
    """Return the trusts that settings give commands of pip, beside that of trust()."""
    try:
        sections = dict.fromkeys(section for section, _ in _options(here))
    except NotUnderstood as error:
        # Where pip is here, trust() says so.
        return [] if here.has("pip") else [error.trust(_KEY, _READERS[_KEY])]
    found: Dict[Trust, str] = {}
    for section in ("install", "global", *sections):
        found.setdefault(_trust(here, section), _when(section))
    if not here.has("pip"):
        return [each._replace(only=only) for each, only in found.items() if each.settings]
    del found[trust(here)]
    clients = (here.called("pip"),)
    return [each._replace(clients=clients, only=only) for each, only in found.items()]


def unchecked(here: Here) -> List[Trust]:
    """Return the trust of each host whose certificate pip does not check."""
    try:
        options = _options(here)
    except NotUnderstood:
        # trust() or of_each_command() says so.
        return []
    found: Dict[Setting, str] = {}
    for command in ("install", *(section for section, key in options if key == _HOSTS)):
        setting = _given(options, _HOSTS, command)
        if setting:
            found.setdefault(setting, _when(command))
    clients = (here.called("pip"),) if here.has("pip") else ()
    return [
        Trust(
            (),
            clients=clients,
            settings=(setting,),
            checks_nothing=True,
            only=only,
            host=host.lower(),
        )
        for setting, only in found.items()
        for host in setting.value.split()
    ]


def _when(section: str) -> str:
    """Return when the settings of a section count; the rows of pip are those of `pip install`."""
    return _USERS.get(section, f"for pip {section}")


def _trust(here: Here, command: str) -> Trust:
    try:
        options = _options(here)
    except NotUnderstood as error:
        return error.trust(_KEY, _READERS[_KEY])

    def given(option: str) -> str:
        found = _given(options, option, command)
        return found.value if found else ""

    setting = _given(options, _KEY, command)
    # Where pip is given a proxy, requests in it reads no variables.
    proxy = given("proxy")
    unchecked = None
    if not proxy:
        setting = variable(here, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") or setting
        unchecked = lax(here, numbers(here.vendored.get("requests", "")))
    feature = _given(options, _FEATURE, command)
    if feature and "truststore" in feature.value.split() and here.python < (3, 10):
        return Trust((), settings=(feature,), fault=_TOO_OLD)
    own = _given(options, _CLIENT, command)
    fault = _fault_of_own(os.path.expanduser(own.value)) if own and own.value else ""
    if own and fault:
        return Trust((), settings=(own,), fault=fault)
    found = _of_version(here, given, (_place(setting),) if setting else ())
    found = found._replace(settings=(setting,) if setting else (), proxy=proxy)
    return unchecked or found


def _of_version(here: Here, given: Callable[[str], str], named: Tuple[Root, ...]) -> Trust:
    """Return the trust of that pip, as far as the named file and its version decide it."""
    version, is_new = here.version("pip"), here.python >= (3, 10)
    own = numbers(here.vendored.get("urllib3", ""))
    checks = urllib3.checks(here, own)
    # pip's copy of certifi is left alone on Windows, where pip could not replace wrapt.
    bundle = Root(CERTIFI if sys.platform == "win32" else BUNDLE)
    # Before 2 urllib3 gives truststore no address, which then fails without a name.
    by_truststore = Checks(offers_http1=True, needs_name=own < (2,), is_pips_truststore=True)
    if is_new and version >= (24, 2) and "legacy-certs" not in given("use-deprecated").split():
        roots = (*truststore.roots(), bundle, *named)
        if version >= (25, 2):
            return Trust(roots, by_truststore, proxy_roots=named)
        # Source: _SSLContextAdapterMixin, which gave proxies no truststore before.
        behind = named or (Root(DEFAULTS),)
        return Trust(roots, by_truststore, proxy_roots=behind, by_proxy=(behind, checks))
    default = requests.proxy_roots(numbers(here.vendored.get("requests", "")))
    if is_new and version >= (22, 2) and "truststore" in given(_FEATURE).split():
        roots, behind = (*truststore.roots(), *named), named or (bundle,)
        proxy_roots = named or default or behind
        return Trust(roots, by_truststore, proxy_roots=proxy_roots, by_proxy=(behind, checks))
    return Trust(named or (bundle,), checks, proxy_roots=() if named else default)


def _fault_of_own(path: str) -> str:
    """Return why pip fails with that certificate of a client and its key, "" if it does not."""
    asked: List[str] = []

    def password() -> str:
        # pip asks its user for it; nobody is to be asked here.
        asked.append(path)
        return ""

    if look.waiting(Root(FILE, path)):
        return f"pip waits for that certificate: {path} is no file"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path, password=password)
    except (OSError, ValueError) as error:
        return "" if asked else f"pip fails: it cannot load that certificate and its key: {error}"
    return ""


def _place(setting: Setting) -> Root:
    """Return what it names; pip replaces a ~ in its own settings, and requests in it does not."""
    is_pips = setting.name not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    return place(os.path.expanduser(setting.value) if is_pips else setting.value)


def _given(options: Options, option: str, command: str) -> Optional[Setting]:
    """Return what pip takes for an option; what is empty is none."""
    given = [options.get((section, option)) for section in (_ENVIRONMENT, command, "global")]
    return next((each for each in given if each and each.value), None)


def _options(here: Here) -> Options:
    """Return each setting of pip's files and variables that counts; raises NotUnderstood."""
    found: Options = {}
    for path in _files(here):
        parser = ini.read(path)
        for section in parser.sections():
            for key, value in parser.items(section):
                option = _normal(key)
                setting = Setting(f"{option} of [{section}]", value, path, _READERS.get(option, ""))
                found[section, option] = setting
    for name, value in here.environ.items():
        if name.startswith("PIP_"):
            option = _normal(name[len("PIP_") :])
            found[_ENVIRONMENT, option] = Setting(name, value, readers=_READERS.get(option, ""))
    return found


def _normal(key: str) -> str:
    """Return the name of an option as pip takes it from a file."""
    key = key.lower().replace("_", "-")
    return key[2:] if key.startswith("--") else key


def _files(here: Here) -> List[str]:
    """Return the files that pip reads, the one that counts most last; they need not exist."""
    given = here.environ.get("PIP_CONFIG_FILE", "")
    if given == os.devnull:
        return []
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    machine, user = _folders(here, os.path.expanduser("~"))
    folders = [*machine, *([] if given and os.path.exists(given) else user), here.prefix]
    return [*(os.path.join(folder, name) for folder in folders), *filter(None, [given])]


def _folders(here: Here, home: str) -> Tuple[List[str], List[str]]:
    """Return the folders of the machine and of the user (pip's "Configuration", "Location")."""
    if sys.platform == "win32":
        machine, user = here.environ.get("PROGRAMDATA"), here.environ.get("APPDATA")
        users = [os.path.join(home, "pip"), *([os.path.join(user, "pip")] if user else [])]
        return [os.path.join(machine, "pip")] if machine else [], users
    legacy, config = os.path.join(home, ".pip"), os.path.join(home, ".config")
    if sys.platform == "darwin":
        shared = "/Library/Application Support/pip"
        own = home + shared if os.path.isdir(home + shared) else os.path.join(config, "pip")
        return [shared], [legacy, own]
    bases = (here.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    own = os.path.join(here.environ.get("XDG_CONFIG_HOME") or config, "pip")
    return [*(os.path.join(base, "pip") for base in bases), "/etc"], [legacy, own]
