"""Stands in for macOS' ``security``: says what a test prepared, and keeps a record.

FAKE_SECURITY names a folder. Its ``answers.json`` maps a call to what comes back:
``stdout``, ``stderr``, ``status``, ``seconds`` to hang after printing, ``together``, the number
of calls to wait for before answering, and ``file`` (base64), which is written to the path that
ends the call. A call is its arguments; of an export without that path. Every call and the
process' standard input go to ``calls.jsonl``.
"""

import base64
import json
import os
import sys
import time
from pathlib import Path

UNKNOWN_KEYCHAIN = {
    "status": 50,
    "stderr": "security: SecKeychainOpen: The specified keychain could not be found.\n",
}
NO_SETTINGS = {
    "status": 1,
    "stderr": "SecTrustSettingsCreateExternalRepresentation: No Trust Settings were found.\n",
}


def main() -> int:
    """Answer one call."""
    folder, arguments = Path(os.environ["FAKE_SECURITY"]), sys.argv[1:]
    is_export = arguments[0] == "trust-settings-export"
    call = " ".join(arguments[:-1] if is_export else arguments)
    record = {"call": call, "path": arguments[-1], "stdin": sys.stdin.read(), "pid": os.getpid()}
    with (folder / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps(record) + "\n")
    answers = json.loads((folder / "answers.json").read_text())
    answer = answers.get(call, NO_SETTINGS if is_export else UNKNOWN_KEYCHAIN)
    while (folder / "calls.jsonl").read_text().count("\n") < answer.get("together", 0):
        time.sleep(0.01)
    if "file" in answer:
        Path(arguments[-1]).write_bytes(base64.b64decode(answer["file"]))
    sys.stdout.write(answer.get("stdout", ""))
    sys.stderr.write(answer.get("stderr", ""))
    sys.stdout.flush()
    sys.stderr.flush()
    time.sleep(answer.get("seconds", 0))
    return int(answer.get("status", 0))


if __name__ == "__main__":
    sys.exit(main())
