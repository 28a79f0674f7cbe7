"""Pools and clusters that a program starts: every worker verifies, and their end leaves nothing.

    python -m pip install -r tests/requirements.txt .
    python -m pytest tests/reach/workers

On Debian ``apt-get install redis-server default-jre-headless gcc`` has what pip does not. All
else goes into an environment that the tests make (a gigabyte); ``--tools VENV`` takes
one that has it already. ``--write-table`` writes the outcome into docs/tested.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from reach.workers.fleets import (
    CLUSTERS,
    SIZE,
    TABLE,
    Record,
    Report,
    assert_all_refused,
    assert_all_served,
    assert_kept,
    bundles,
    files,
    kept,
    meeting,
    named,
    row,
    title,
    variables,
    version,
)
from support import Sandbox


@pytest.mark.parametrize(("tool", "method"), CLUSTERS)
def test_every_worker_verifies_and_the_end_leaves_nothing(
    workshop: Sandbox, url: str, ca_file: Path, tool: str, method: str, record_property: Record
) -> None:
    """With the variable alone; forks share one file; a persistent bundle is one for all."""
    record_property(TABLE, [title(tool, method)])
    run = Run(workshop, url, tool, method)
    reports, _ = run({})
    assert_all_refused(reports)
    reports, running = run(named(ca_file))
    assert_all_served(reports)
    inherits = method == "fork" and tool != "spark"  # whose fork server has imported nothing
    assert files(reports) == (1 if inherits else SIZE)
    # The program has its own, and so have Ray's agents and its workers in reserve.
    assert len(running) == (1 if inherits else SIZE + 1) or (tool == "ray" and len(running) > SIZE)
    reports, none = run({**named(ca_file), **kept(workshop)})
    assert none == []
    assert_kept(workshop, reports)
    found = version(workshop, CLUSTERS[tool, method])
    record_property(TABLE, row(title(tool, method), found, method, len(running)))


class Run:
    """Starts a cluster and waits for its end, which leaves nothing."""

    def __init__(self, workshop: Sandbox, url: str, tool: str, method: str) -> None:
        self.workshop, self.url, self.what = workshop, url, (tool, method, str(SIZE))

    def __call__(self, env: Dict[str, str]) -> Tuple[List[Report], List[str]]:
        """Return what the workers report, and the bundles while they lived."""
        where = str(meeting(self.workshop))
        arguments = (str(self.workshop.work / "cluster.py"), *self.what, where, self.url)
        done = self.workshop.run(*arguments, env=variables(self.workshop, env), timeout=300)
        assert done.returncode == 0, done
        assert bundles(self.workshop) == []
        found = json.loads(done.stdout.splitlines()[-1])
        return found["reports"], found["running"]
