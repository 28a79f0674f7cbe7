"""SHA-256, in a file of its own: few need it, and hashlib may load OpenSSL, which takes 3 ms.

It is loaded by loading.load(): a fork waits for that, and would wait for ever for a module that
another thread was importing by itself.
"""

from __future__ import annotations

import hashlib
from typing import List, Sequence, Union

from ..machine.inputs import Input, content

_CLOSED = "closed"


def sha256(data: Union[str, bytes]) -> str:
    """Return the SHA-256 in hexadecimal."""
    data = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()


def held_by(inputs: Sequence[Input]) -> List[str]:
    """Return a hash of what each input holds, "" where it cannot be read just now."""
    return [_held_by(each) for each in inputs]


def _held_by(each: Input) -> str:
    try:
        return sha256(content(*each))
    except PermissionError:
        # What it holds counts for nobody here; who lost something by that is warned of it.
        return _CLOSED
    except OSError:
        return ""
