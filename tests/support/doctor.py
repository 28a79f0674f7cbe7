"""The doctor, asked about a server."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from support import MODULE, Sandbox, write
from support.minting import Made

COMMAND = ("-m", MODULE, "doctor")


class Answer(NamedTuple):
    """What the doctor says of a server."""

    status: int
    data: Dict[str, Any]

    @property
    def problems(self) -> List[str]:
        """Which checks found a problem."""
        return [each["check"] for each in self.data["findings"] if each["level"] == "problem"]

    @property
    def said(self) -> str:
        """All sentences."""
        return " ".join(f"{e['message']}: {e['remedy']}" for e in self.data["findings"])

    def names(self, check: str, *words: str) -> None:
        """There is this one problem, and it is told in these words."""
        assert (self.status, self.problems) == (1, [check]), self
        assert not [word for word in words if word not in self.said], self.said

    def is_healthy(self) -> None:
        """Nothing is wrong."""
        assert (self.status, self.problems, self.data["healthy"]) == (0, [], True), self


def ask(sandbox: Sandbox, host: str, env: Optional[Mapping[str, str]] = None) -> Answer:
    """Ask about a server; aiohttp, which is installed, trusts what certifi's clients trust."""
    switched_on = {"PYTHON_CERTIFI_SSL_DEFAULTS": "1", **(env or {})}
    done = sandbox.run(*COMMAND, host, "--json", env=switched_on)
    assert "Traceback" not in done.stderr
    return Answer(done.returncode, json.loads(done.stdout))


def trusting(sandbox: Sandbox, *cas: Made) -> Dict[str, str]:
    """Return the variable that names these as the user's CAs."""
    path = write(sandbox.work / "user.pem", b"".join(ca.pem for ca in cas))
    return {"PYTHON_CERTIFI_CERT_FILES": str(path)} if cas else {}


def is_313(sandbox: Sandbox) -> bool:
    """Whether default contexts are strict there, and take a certificate that is no root."""
    code = "import sys; print(sys.version_info >= (3, 13))"
    return sandbox.run_code(code).stdout.strip() == "True"
