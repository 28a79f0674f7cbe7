"""SHA-256, in a file of its own: hashlib may load OpenSSL, which takes 3 ms.

A bundle that is up to date needs none, so publishing/header takes it from loading.load() where it
does: a fork waits for that, and would wait for ever for a module that another thread was importing
by itself.
"""

from __future__ import annotations

import hashlib
from typing import Dict, List, Sequence, Tuple, Union

from .inputs import Input, content, guard, has_number

# The SHA-256 of files that were read, by what stat() said of them.
Digests = Dict[Tuple[int, ...], str]

_CLOSED = "closed"


def sha256(data: Union[str, bytes]) -> str:
    """Return the SHA-256 in hexadecimal."""
    data = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()


def held_by(inputs: Sequence[Input], known: Digests) -> List[str]:
    """Return a hash of what each input holds and of who may change it.

    It is "closed" where we have no right to read it, and "" where it cannot be read now. It is the
    same for a copy: after `cp -p`, `touch`, and in the layer of an image. What is `known` is not
    read again.
    """
    return [_held_by(path, state, known) for path, state in inputs]


def _held_by(path: str, state: Tuple[int, ...], known: Digests) -> str:
    # Where files have no numbers, two of them may have one state.
    digest = known.get(state) if state and has_number(state) else None
    try:
        digest = digest or sha256(content(path, state))
        return sha256(f"{guard(state)}{digest}")
    except PermissionError:
        # What it holds counts for nobody here; who lost something by that is warned of it.
        return _CLOSED
    except OSError:
        return ""
