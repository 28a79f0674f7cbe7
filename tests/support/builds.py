"""Whether a process builds the bundle, or takes what an earlier one has built."""

from __future__ import annotations

import json
from typing import Mapping, Tuple

from support import Sandbox

ASKS = """
    import certifi, json
    from certifi_system_store_wrapper import bundle
    built, original = [], bundle.build
    bundle.build = lambda *arguments: built.append(1) or original(*arguments)
    certifi.where()
    print(json.dumps([len(built), certifi.contents()]))
"""


def asked(sandbox: Sandbox, env: Mapping[str, str], *options: str) -> Tuple[int, str]:
    """Return how often a process built the bundle, and its text; it must have nothing to say."""
    done = sandbox.run_code(ASKS, *options, env=env)
    assert (done.returncode, done.stderr) == (0, ""), done
    built, text = json.loads(done.stdout)
    return int(built), str(text)
