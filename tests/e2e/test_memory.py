"""What is left in memory once where() has answered: no bundle, no certificate."""

from __future__ import annotations

import json

from support import Sandbox

PROGRAM = """
import gc, json, ssl, tracemalloc
import certifi
import certifi_system_store_wrapper
certifi_system_store_wrapper.build()  # Python before 3.11 keeps a frame of each function that ran
tracemalloc.start()
path = certifi.where()
gc.collect()
kept, _ = tracemalloc.get_traced_memory()
with open(path) as file:
    print(json.dumps([kept, len(file.read())]))
"""


def test_where_keeps_a_path_and_no_text(sandbox: Sandbox) -> None:
    """The bundle has hundreds of kilobytes; neither it nor a certificate is kept."""
    done = sandbox.run_code(PROGRAM)
    assert (done.returncode, done.stderr) == (0, "")
    kept, text = json.loads(done.stdout)
    assert text > 100_000
    assert kept < text / 2
