"""The table of start-up files in docs/audit.md: what they say, and their SHA-256.

`python tests/startup_files.py` writes it; tests/e2e/test_pages.py compares.
"""

from __future__ import annotations

import hashlib

from support import CHECKOUT, MODULE
from support.tables import line, split

PAGE = CHECKOUT / "docs" / "audit.md"


def table() -> str:
    """Return a row for each start-up file."""
    rows = [line(["file", "bytes", "SHA-256", "all that is in it"]), "|---|---|---|---|"]
    for path in (CHECKOUT / f"{MODULE}.pth", CHECKOUT / f"{MODULE}.start"):
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        said = f"`{content.decode('ascii').strip()}`"
        rows.append(line([f"`{path.name}`", len(content), f"`{digest}`", said]))
    return "\n".join(["", *rows, ""])


def main() -> None:
    """Write it into the page."""
    before, _, after = split(PAGE.read_text("utf-8"), "startup")
    PAGE.write_text(before + table() + after, "utf-8")


if __name__ == "__main__":
    main()
