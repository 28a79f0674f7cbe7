"""What a worker is given to do, by programs that have never heard of us."""

import os
import sys
import time
from pathlib import Path

import certifi
import fetch
import requests  # at the top, as applications have it: it asks certifi when it is imported


def work(url, meeting, size, where=certifi.where):
    """Wait until as many workers are at it, then ask the server; report."""
    meet(Path(meeting), size)
    path = where()
    status = os.stat(path)
    return {
        "worker": os.getpid(),
        "answer": ask(url),
        "path": path,
        "file": [status.st_dev, status.st_ino],
        "same": requests.certs.where() == path == certifi.where(),
    }


def meet(meeting, size):
    """Be there until `size` workers have been: no worker can do the work of another."""
    meeting.joinpath(str(os.getpid())).touch()
    end = time.monotonic() + 120
    while len(os.listdir(meeting)) < size:
        if time.monotonic() > end:
            raise TimeoutError(f"only {os.listdir(meeting)} of {size} workers came")
        time.sleep(0.02)


def ask(url):
    """Return the status of the answer, or the verify code of the error."""
    try:
        return str(fetch.with_requests(url))
    except Exception as error:  # noqa: BLE001 - each client wraps it in its own
        return f"verify code {fetch.verify_code(error)}"


if __name__ == "__main__":
    sys.exit("import it")
