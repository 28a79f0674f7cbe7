"""What a person sees: the pages of `--html` in a real Chromium, and axe-core's verdict on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, List

import pytest

from support import MODULE, Sandbox, run_here, write
from support.browser import Tab, browsing
from support.minting import CA, make
from support.servers import Echo, context_for, serving

COMMAND = ("-m", MODULE)
AXE = "axe-playwright-python==0.1.8"  # for the axe.min.js in it, 4.12 of 2026; Playwright stays out
WINDOWS = [(width, scheme) for width in (320, 1600) for scheme in ("light", "dark")]
CARELESS = "<!DOCTYPE html><meta name=viewport content=width=device-width>"
CARELESS += "<title>a</title><p style='color:#eee;width:400px'>hardly to be seen</p>"


@pytest.fixture
def axe(tmp_path: Path) -> str:
    """Return the script of axe-core, out of a package."""
    folder = str(tmp_path / "axe")
    run_here("pip", "install", "-q", "--no-deps", "--target", folder, AXE)
    (script,) = Path(folder).rglob("axe.min.js")
    return script.read_text("utf-8")


def pages(sandbox: Sandbox) -> List[Path]:
    """Write pages of all kinds: of an installation, of a server, of all that is trusted."""
    root = make("<script>document.title=0</script>" + "W" * 31, *CA)
    middle = make("In Between", *CA, by=root)
    leaf = make("\u202egnp & a name", by=middle, names=["localhost"])
    folder = sandbox.work / "folder"
    folder.mkdir()
    write(folder / "both.pem", root.pem + make("left out", names=["localhost"]).pem)
    env = {"PYTHON_CERTIFI_CERT_FILES": str(folder)}
    with serving(Echo, context_for(leaf, middle, root)) as server:
        for name, *more in (
            ("doctor.html", "doctor"),
            ("list.html", "list"),
            ("server.html", "doctor", f"localhost:{server.port}"),
        ):
            done = sandbox.run(*COMMAND, *more, "--html", name, env=env)
            assert not done.stderr
    return sorted(sandbox.work.glob("*.html"))


def findings(tab: Tab, axe: str, width: int) -> List[Any]:
    """Return what axe-core finds in the page, and whether one has to scroll sideways."""
    tab.evaluate(axe)
    said = tab.evaluate("axe.run()")
    found = [each["id"] for each in [*said["violations"], *said["incomplete"]]]
    # Not innerWidth: a telephone shows what is too wide as a whole, and small.
    is_wide = tab.evaluate("document.documentElement.scrollWidth") > width
    return [*found, *(["it is wider than the window"] if is_wide else [])]


def test_everybody_can_read_the_pages(sandbox: Sandbox, tmp_path: Path, axe: str) -> None:
    """On a telephone and on a wide screen, light and dark; what is wrong is seen."""
    careless = write(tmp_path / "careless.html", CARELESS.encode())
    with browsing(tmp_path) as tab:
        for page in pages(sandbox):
            for width, scheme in WINDOWS:
                tab.open(page, width=width, scheme=scheme)
                assert findings(tab, axe, width) == [], (page.name, width, scheme)
                assert tab.evaluate("document.title").startswith("certifi-system-store-wrapper")
        tab.open(careless, width=320, scheme="light")
        assert {"color-contrast", "it is wider than the window"} <= set(findings(tab, axe, 320))
