"""A Chromium without a window, led by the DevTools protocol over two pipes."""

from __future__ import annotations

import itertools
import json
import os
import select
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest

# Debian and its relatives have the first, the machines of the workflow the second.
NAMES = ("chromium", "google-chrome", "chromium-browser")
INSTALL = "apt-get -qq update && apt-get -qq -y install --no-install-recommends chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
PATIENCE = 60  # seconds, for one answer


def installed() -> str:
    """Return the path of a Chromium; root of a Debian gets one, others skip the test."""
    found = _found()
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["sh", "-c", INSTALL], check=False, stdout=subprocess.DEVNULL)
        found = _found()
    if not found:
        pytest.skip("there is no Chromium here; root of a Debian would have installed it")
    return found


def _found() -> str:
    return next(filter(None, map(shutil.which, NAMES)), "")


class Tab:
    """The one tab of a browser, which hears and answers on two descriptors."""

    def __init__(self, to: int, back: int) -> None:
        self.to, self.back, self.heard = to, back, b""
        self.numbers, self.session = itertools.count(1), {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = {"sessionId": attached["sessionId"]}
        self.call("Page.enable")

    def call(self, method: str, **params: Any) -> Any:
        """Have the browser do something, and return what it answers."""
        number = next(self.numbers)
        asked = {"id": number, "method": method, "params": params, **self.session}
        os.write(self.to, json.dumps(asked).encode() + b"\0")
        answer = self._wait_for("id", number)
        assert "error" not in answer, answer
        return answer["result"]

    def _wait_for(self, key: str, value: object) -> Dict[str, Any]:
        """Return the first message that has it; others are of no interest."""
        while True:
            while b"\0" not in self.heard:
                assert select.select([self.back], [], [], PATIENCE)[0], f"it said no {value}"
                said = os.read(self.back, 1 << 16)
                assert said, "it has ended"
                self.heard += said
            text, _, self.heard = self.heard.partition(b"\0")
            message: Dict[str, Any] = json.loads(text)
            if message.get(key) == value:
                return message

    def open(self, page: Path, *, width: int, scheme: str) -> None:
        """Show a file in a window of that width, with colours that are dark or light."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.call("Page.navigate", url=page.as_uri())
        self._wait_for("method", "Page.loadEventFired")

    def evaluate(self, script: str) -> Any:
        """Return what a script says in the page; its policy does not hold for this one."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = self.call("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")


@contextmanager
def browsing(folder: Path) -> Iterator[Tab]:
    """Start a browser that keeps its files in that folder, and end it."""
    (hears, to), (back, says) = os.pipe(), os.pipe()
    # It reads from descriptor 3 and writes to 4.
    command = ["bash", "-c", f'exec "$@" 3<&{hears} 4>&{says}', "bash", installed(), *FLAGS]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={folder / 'data'}"],
        env={**os.environ, "HOME": str(folder)},
        pass_fds=(hears, says),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(hears)
    os.close(says)
    try:
        yield Tab(to, back)
    finally:
        os.close(to)  # it ends with whoever led it
        process.wait(PATIENCE)
        os.close(back)
