"""SHA-256, in a file of its own: few need it, and hashlib may load OpenSSL, which takes 3 ms.

It is loaded by loading.load(): a fork waits for that, and would wait for ever for a module that
another thread was importing by itself.
"""

from __future__ import annotations

import hashlib
from typing import Union


def sha256(data: Union[str, bytes]) -> str:
    """Return the SHA-256 in hexadecimal."""
    data = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()
