"""What is left in memory once where() has answered: no bundle, no certificate."""

from __future__ import annotations

import json

from support import MODULE, Sandbox

PROGRAM = f"""
import gc, json, linecache, tracemalloc
import certifi
tracemalloc.start()
path = certifi.where()
gc.collect()
taken = tracemalloc.take_snapshot().traces
largest = max(trace.size for trace in taken)
print(json.dumps([largest, sum(trace.size for trace in taken), len(open(path).read())]))
"""


def test_where_keeps_a_path_and_no_text(sandbox: Sandbox) -> None:
    """The bundle has hundreds of kilobytes; a hundredth of that is kept, and nothing large."""
    done = sandbox.run_code(PROGRAM)
    assert (done.returncode, done.stderr) == (0, "")
    largest, kept, text = json.loads(done.stdout)
    assert text > 100_000
    assert largest < 10_000
    assert kept < text / 3
