"""botocore's trust: AWS_CA_BUNDLE, `ca_bundle` of a profile, REQUESTS_CA_BUNDLE, else certifi."""

from __future__ import annotations

import os
import shlex
from typing import Dict, Iterator, List, Optional, Tuple

from . import ini, urllib3
from .environment import READERS
from .here import Here
from .trust import BUNDLE, FILE, Root, Setting, Trust

_KEY, _READERS = "ca_bundle", READERS["AWS_CA_BUNDLE"]
_READ_FOR_THE_PROFILE = "boto3 and the AWS CLI take the settings of that profile"
# Of each profile that there is: its `ca_bundle`, if it has one.
Profiles = Dict[str, Optional[Setting]]
# The first version that refuses an empty value; those before it check nothing then.
_REFUSES_EMPTY = (1, 43, 54)


def trust(here: Here) -> Trust:
    """Return botocore's trust with the profile that the variables choose."""
    chosen = _chosen(here)
    try:
        profiles = _profiles(here)
    except ini.NotUnderstood as error:
        return error.trust(_KEY, _READERS)
    if chosen and chosen.value not in profiles:
        return Trust((), settings=(chosen,), fault="there is no such profile, so botocore fails")
    setting = (
        _variable(here, "AWS_CA_BUNDLE")
        or profiles.get(chosen.value if chosen else "default")
        or _variable(here, "REQUESTS_CA_BUNDLE")
    )
    if setting is None:
        return Trust((Root(BUNDLE),), urllib3.of_botocore(here))
    if setting.value.strip():
        return _named(here, setting)
    if here.version("botocore") < _REFUSES_EMPTY:
        return Trust((), settings=(setting,), checks_nothing=not setting.value)
    return Trust((), settings=(setting,), fault="it is empty, and botocore refuses that")


def of_other_profiles(here: Here) -> List[Trust]:
    """Return the trusts of profiles that a program may choose; no variable does."""
    try:
        profiles = {} if "AWS_CA_BUNDLE" in here.environ else _profiles(here)
    except ini.NotUnderstood as error:
        # Where botocore is here, trust() has said so.
        return [] if here.has("botocore") else [error.trust(_KEY, _READERS)]
    if here.has("botocore"):
        chosen = _chosen(here)
        profiles.pop(chosen.value if chosen else "default", None)
    return [
        _named(here, each)._replace(only=f"with the profile {profile}")
        for profile, each in profiles.items()
        if each
    ]


def _named(here: Here, setting: Setting) -> Trust:
    """Return the trust in the file that a setting names; urllib3 replaces a ~ in it."""
    root = Root(FILE, os.path.expanduser(setting.value))
    return Trust((root,), urllib3.of_botocore(here), settings=(setting,))


def _variable(here: Here, name: str) -> Optional[Setting]:
    """Return the variable, which counts even if it is empty."""
    value = here.environ.get(name)
    readers = READERS.get(name, _READ_FOR_THE_PROFILE)
    return None if value is None else Setting(name, value, readers=readers)


def _chosen(here: Here) -> Optional[Setting]:
    """Return the variable that chooses a profile, which then has to be there."""
    return _variable(here, "AWS_DEFAULT_PROFILE") or _variable(here, "AWS_PROFILE")


def _profiles(here: Here) -> Profiles:
    """Return the profiles; raises NotUnderstood."""
    found: Profiles = {}
    for section, setting in _settings(_path(here, "AWS_CONFIG_FILE", "config")):
        words = _words(section)
        if section == "default" or (section.startswith("profile") and len(words) == 2):
            found[words[-1]] = setting
    for section, setting in _settings(_path(here, "AWS_SHARED_CREDENTIALS_FILE", "credentials")):
        found[section] = setting or found.get(section)
    return found


def _settings(path: str) -> Iterator[Tuple[str, Optional[Setting]]]:
    """Yield each section, and the setting if it has it; raises NotUnderstood."""
    parser = ini.read(path)
    for section in parser.sections():
        for key, text in parser.items(section):
            # botocore takes what begins on the next line for settings of its own.
            nested = text.split("\n") if text.startswith("\n") else []
            if not all("=" in line for line in nested if line):
                raise ini.NotUnderstood(path, f"{key} of [{section}]")
        value = parser.get(section, _KEY, fallback=None)
        name = f"{_KEY} of [{section}]"
        yield section, None if value is None else Setting(name, value, path, _READERS)


def _words(section: str) -> List[str]:
    try:
        return shlex.split(section)
    except ValueError:
        return []


def _path(here: Here, variable: str, name: str) -> str:
    given = os.path.expandvars(here.environ.get(variable) or os.path.join("~", ".aws", name))
    return os.path.expanduser(given)
