"""botocore's trust: AWS_CA_BUNDLE, `ca_bundle` of a profile, REQUESTS_CA_BUNDLE, else certifi."""

from __future__ import annotations

import os
import shlex
from typing import Dict, List, Optional, Tuple

from . import ini
from .environment import READERS
from .here import Here
from .trust import BUNDLE, FILE, Root, Setting, Trust

_KEY, _READERS = "ca_bundle", READERS["AWS_CA_BUNDLE"]
# The first version that refuses an empty value; those before it check nothing then.
_REFUSES_EMPTY = (1, 43, 54)


def trust(here: Here) -> Trust:
    """Return botocore's trust with the profile that the variables choose."""
    try:
        setting = (
            _variable(here, "AWS_CA_BUNDLE")
            or _profiles(here).get(_chosen(here))
            or _variable(here, "REQUESTS_CA_BUNDLE")
        )
    except ini.NotUnderstood as error:
        return error.trust(_KEY, _READERS)
    if setting is None:
        return Trust((Root(BUNDLE),))
    if setting.value.strip():
        return _named(setting)
    if here.version("botocore") < _REFUSES_EMPTY:
        return Trust((), settings=(setting,), checks_nothing=not setting.value)
    return Trust((), settings=(setting,), fault="it is empty, and botocore refuses that")


def of_other_profiles(here: Here) -> List[Trust]:
    """Return the trusts of profiles that a program may choose; no variable does."""
    try:
        found = {} if "AWS_CA_BUNDLE" in here.environ else _profiles(here)
    except ini.NotUnderstood as error:
        # Where botocore is here, trust() has said so.
        return [] if here.has("botocore") else [error.trust(_KEY, _READERS)]
    if here.has("botocore"):
        found.pop(_chosen(here), None)
    return [
        _named(each)._replace(only=f"with the profile {profile}") for profile, each in found.items()
    ]


def _named(setting: Setting) -> Trust:
    """Return the trust in the file that a setting names; urllib3 replaces a ~ in it."""
    return Trust((Root(FILE, os.path.expanduser(setting.value)),), settings=(setting,))


def _variable(here: Here, name: str) -> Optional[Setting]:
    """Return the variable, which counts even if it is empty."""
    value = here.environ.get(name)
    return None if value is None else Setting(name, value, readers=READERS[name])


def _chosen(here: Here) -> str:
    return here.environ.get("AWS_DEFAULT_PROFILE") or here.environ.get("AWS_PROFILE") or "default"


def _profiles(here: Here) -> Dict[str, Setting]:
    """Return `ca_bundle` of each profile that has it; raises NotUnderstood."""
    found: Dict[str, Setting] = {}
    config = _path(here, "AWS_CONFIG_FILE", "config")
    for section, setting in _settings(config):
        words = _words(section)
        if words == ["default"] or (words[:1] == ["profile"] and len(words) == 2):
            found[words[-1]] = setting
    found.update(_settings(_path(here, "AWS_SHARED_CREDENTIALS_FILE", "credentials")))
    return found


def _settings(path: str) -> List[Tuple[str, Setting]]:
    """Return each section that has the key; raises NotUnderstood."""
    parser = ini.read(path, None)
    return [
        (section, Setting(f"{_KEY} of [{section}]", parser.get(section, _KEY), path, _READERS))
        for section in parser.sections()
        if parser.has_option(section, _KEY)
    ]


def _words(section: str) -> List[str]:
    try:
        return shlex.split(section)
    except ValueError:
        return []


def _path(here: Here, variable: str, name: str) -> str:
    given = os.path.expandvars(here.environ.get(variable) or os.path.join("~", ".aws", name))
    return os.path.expanduser(given)
