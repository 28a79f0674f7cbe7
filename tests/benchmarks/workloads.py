"""The programs that are measured."""

from __future__ import annotations

START = "pass"
REQUESTS, HTTPX = "import requests", "import httpx"
WRAPT = "import wrapt, wrapt.importer\n"  # in a bare environment: counted apart
# What requests imports, and not certifi: so that certifi's first where() is all that is left.
PRELUDE = """
import sys
before = set(sys.modules)
import requests
new = [name for name in sys.modules if name not in before]
new = [name for name in new if getattr(sys.modules[name], "__spec__", None)]
told = [name for name in new if name.partition(".")[0] not in ("requests", "certifi")]
print("\\n".join(f"import {name}" for name in told))
"""
WITHOUT_CALL = "import prelude, certifi\n"
WITH_CALL = WITHOUT_CALL + "certifi.where()\n"
MODULES = "\nimport sys\nprint(*sorted(sys.modules))"
FIRST = """
import prelude, certifi
from time import perf_counter
start = perf_counter()
certifi.where()
print(perf_counter() - start)
"""
LATER = """
import certifi, timeit
certifi.where()
print(min(timeit.repeat(certifi.where, number=10_000, repeat=5)) / 10_000)
"""
# With a cache folder of its own each process finds nothing stored, and stores what it builds.
EMPTY_CACHE = """
import os
os.environ["XDG_CACHE_HOME"] = os.path.join(os.environ["TMPDIR"], os.urandom(8).hex())
"""
BUILT = EMPTY_CACHE + "import certifi; certifi.where()"
CONTEXT = """
import certifi, ssl
from time import perf_counter
path = certifi.where()
ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
start = perf_counter()
ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
print(perf_counter() - start)
"""
CROWD = "import certifi; certifi.where()"
MEMORY = """
{what}
import os
with open("/proc/self/statm") as file:
    print(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
"""
