"""How the contexts check that urllib3 makes by itself."""

from __future__ import annotations

from .here import Here, Version
from .trust import BY_URLLIB3, BY_URLLIB3_2, Checks

# What urllib3 before 2 chooses, and httpx before 0.28: RSA key exchange, too.
CIPHERS = (
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDH+AESGCM:DH+AESGCM:ECDH+AES:DH+AES:"
    "RSA+AESGCM:RSA+AES:!aNULL:!eNULL:!MD5:!DSS"
)
# What urllib3-future has for contexts that others make, as botocore, and some versions of requests.
CIPHERS_OF_FUTURE = (
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:"
    "DHE-RSA-CHACHA20-POLY1305"
)
# Before 2, and in botocore's contexts always, urllib3 compares names by itself.
_COMPARING_NAMES = Checks(by_itself=BY_URLLIB3, offers_http1=True)


def checks(here: Here, version: Version) -> Checks:
    """Return how those of that version of urllib3 check."""
    if version < (2,):
        return _COMPARING_NAMES._replace(offers_http1=version >= (1, 26), ciphers=CIPHERS)
    plain = Checks(common_name=False, from_1_2=is_lax(here))
    if is_future(version):
        return plain
    is_strict = here.python >= (3, 13) and version >= (2, 4)
    return plain._replace(strict=is_strict, offers_http1=True)


def is_future(version: Version) -> bool:
    """Whether that is urllib3-future, which counts from 2.x.900 on; it offers HTTP/2, too."""
    return version[2:] >= (900,)


def of_botocore(here: Here) -> Checks:
    """Return how botocore's own contexts check, which take the ciphers of urllib3 if it has any."""
    if is_future(here.version("urllib3")):
        return Checks(by_itself=BY_URLLIB3_2, ciphers=CIPHERS_OF_FUTURE)
    if here.version("urllib3") >= (2,):
        return _COMPARING_NAMES._replace(by_itself=BY_URLLIB3_2)
    return _COMPARING_NAMES._replace(ciphers=CIPHERS)


def is_lax(here: Here) -> bool:
    """Whether Python itself leaves it to OpenSSL's settings which version of TLS is the oldest."""
    return here.python < (3, 10)
